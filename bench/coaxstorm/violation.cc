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
    {"wrong-time", "the time of day is no 32-bit number, or a minute or more from ours (RFC 868)"},
    {"no-file-name", "the ACK names no file, or nobody to fetch it from, or to tell the time (RFC 2131 table 1)"},
    {"malformed-tftp", "a packet that is no answer to a read request, or a longer block than was agreed (RFC 1350 section 5)"},
    {"wrong-tftp-option", "an option was agreed to that was not asked for, or with more than was asked for (RFC 2347)"},
    {"wrong-file-size", "the file has not the size that the server told (RFC 2349)"},
    {"wrong-mic", "the file is not sound: its CM MIC is not that of its TLVs (MULPI D.1.1)"},
    {"wrong-file", "the file is not this modem's own: its MAC does not stand in it"},
};
static_assert(std::size(kTexts) == static_cast<std::size_t>(Violation::count));

}  // namespace

const ViolationText& describe(Violation violation) noexcept {
  return kTexts[static_cast<std::size_t>(violation)];
}

}  // namespace coaxd::storm
