// query.h: the messages a client sends, written by copying a finished one and patching what differs from client to client:
// a few stores and one short copy a message. Immutable after construction; any thread.
// Source: RFC 2131 §4.4.1 and table 5 (what each message carries), RFC 3046 (what the relay adds), RFC 4361 §6.1 (client-id).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "server/base/bytes.h"
#include "server/base/ipv4.h"

namespace coaxd::storm {

// The forms of REQUEST are those of RFC 2131 §4.3.2.
enum class QueryKind : std::uint8_t { discover, selecting, init_reboot, renewing, release, count };

enum class ClientIdKind : std::uint8_t {
  none,
  mac,   // hardware type and address, 7 octets
  duid,  // RFC 4361: 255, IAID, DUID-LLT; 19 octets
};

// What all clients of a run have in common.
struct QueryStyle {
  ClientIdKind client_id = ClientIdKind::mac;
  bool host_name = false;        // option 12: "c" and the low half of the MAC in hex
  std::string vendor_class{};    // option 60, left out when empty
  std::vector<std::uint8_t> parameter_request_list{1, 3, 6, 12, 15, 51, 54};
  std::vector<std::pair<std::uint8_t, std::vector<std::uint8_t>>> options{};  // sent as they are, in DISCOVER and REQUEST
};

struct QueryFields {
  std::uint64_t mac = 0;        // low 48 bits
  std::uint64_t client_id = 0;  // the MAC in option 61: the client's own, or that of one whose client-id it shares
  std::uint64_t remote_id = 0;  // MAC of the modem, which is the client itself or the one before it
  std::uint32_t circuit_id = 0;
  std::uint32_t xid = 0;
  std::uint16_t secs = 0;
  Ipv4 address;    // option 50 or ciaddr, whichever this kind of message carries
  Ipv4 server_id;  // option 54
  Ipv4 giaddr;     // zero: no relay, and so no option 82
};

class QueryTemplates {
 public:
  static constexpr std::size_t kMaxSize = 576;  // RFC 2131 §2: what every server must take

  // `style` was checked by fits().
  explicit QueryTemplates(const QueryStyle& style);
  // Whether the longest message stays within kMaxSize.
  static bool fits(const QueryStyle& style);

  // `out` has room for kMaxSize octets; returns the octets written.
  std::size_t write(QueryKind kind, const QueryFields& fields, std::uint8_t* out) const noexcept;

 private:
  // A finished message and the places of what varies in it; 0 is "not in this one".
  struct Template {
    std::array<std::uint8_t, kMaxSize> octets{};
    std::size_t size = 0;         // with option 82
    std::size_t direct_size = 0;  // without
    std::size_t direct_end = 0;   // where END stands when there is no option 82
    std::size_t address = 0, server_id = 0, client_id_mac = 0, host_name = 0, circuit_id = 0, remote_id = 0;
  };

  static Template build(QueryKind kind, const QueryStyle& style);

  std::array<Template, static_cast<std::size_t>(QueryKind::count)> templates_;
};

}  // namespace coaxd::storm
