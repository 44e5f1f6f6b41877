#include "bench/coaxstorm/violation.h"

namespace coaxd::storm {
namespace {

constexpr ViolationText kTexts[] = {
    {"malformed", "the reply is no DHCP message (RFC 2131 section 2)"},
    {"unknown-client", "chaddr is not that of any client here (RFC 2131 table 3)"},
    {"wrong-xid", "xid is not the client's (RFC 2131 table 3)"},
    {"wrong-giaddr", "giaddr is not that of the query (RFC 2131 table 3)"},
    {"wrong-agent-info", "option 82 does not come back as it was sent (RFC 3046 section 2.2)"},
    {"unexpected-type", "a message type that does not answer this query (RFC 2131 section 3.1)"},
    {"no-server-id", "no server identifier (RFC 2131 table 3)"},
    {"changed-server-id", "the ACK's server identifier is not the OFFER's (RFC 2131 section 4.3.2)"},
    {"no-address", "yiaddr is 0.0.0.0 (RFC 2131 table 3)"},
    {"changed-address", "the ACK's address is not what was offered or asked for (RFC 2131 section 3.1)"},
    {"duplicate-address", "the address belongs to another client (RFC 2131 section 1.6)"},
    {"no-lease-time", "no lease time (RFC 2131 table 3)"},
    {"missing-option", "an expected option is missing or has another value"},
    {"refused", "a client's own unexpired lease was refused (RFC 2131 section 4.3.2)"},
    {"lost", "a lease of the log was not confirmed"},
};
static_assert(std::size(kTexts) == static_cast<std::size_t>(Violation::count));

}  // namespace

const ViolationText& describe(Violation violation) noexcept {
  return kTexts[static_cast<std::size_t>(violation)];
}

}  // namespace coaxd::storm
