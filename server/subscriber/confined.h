// confined.h: who is in quarantine, as packets see it: a value that the quarantine switch replaces as a whole (Published<Confined>, base/published.h) and that every
// thread looks at through a View of its own. Constant once it is made; find() allocates nothing. No quarantine at all is one test of empty().
//
// What follows from being confined: class "quarantine" of dhcpd.conf; only pools that allow its members; no answer for other addresses (leasequery); another
// file for the modem. Who decides about it, and why: server/quarantine.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "server/base/bytes.h"
#include "server/base/published.h"

namespace coaxd::subscriber {

// How much of what is behind a modem is meant.
enum class Scope : std::uint8_t {
  cpe,         // one machine
  subscriber,  // every machine behind the modem, since a machine's address is changed in a minute
  modem,       // those, and the modem: another file
};

// Whose a message or a lease is.
struct Holder {
  Bytes hardware;      // chaddr
  Bytes remote_id;     // option 82.2, which is the modem (RFC 3046 §3.2); empty: it came through none
  Bytes vendor_class;  // option 60
};

class Confined {
 public:
  struct Ward {
    std::string hardware{};   // of the machine: scope cpe
    std::string remote_id{};  // of the modem: the others
    Scope scope = Scope::cpe;
    std::uint64_t id = 0;   // of the quarantine
  };
  struct Hold {
    Scope scope = Scope::cpe;
    std::uint64_t id = 0;
  };

  Confined() = default;
  // `spared`: hardware addresses that no modem's quarantine takes along (the never-list).
  explicit Confined(const std::vector<Ward>& wards, const std::vector<std::string>& spared = {});

  bool empty() const noexcept { return machines_.empty() && modems_.empty(); }
  // The machine's own quarantine, else that of its modem. The modem itself, which its CMTS vouches for by its own address, and a telephone adapter (option 60
  // "pktc...", PacketCable) are confined by their own hardware address only: nobody loses his emergency calls by what a computer did. Null: he is not.
  const Hold* find(const Holder& holder) const noexcept;
  // Of the modem with that remote-id, scope subscriber or modem. Null: none.
  const Hold* find_modem(Bytes remote_id) const noexcept;

 private:
  struct Octets {
    using is_transparent = void;
    std::size_t operator()(std::string_view octets) const noexcept { return std::hash<std::string_view>{}(octets); }
  };
  using Holds = std::unordered_map<std::string, Hold, Octets, std::equal_to<>>;
  Holds machines_, modems_;
  std::unordered_set<std::string, Octets, std::equal_to<>> spared_;
};

using PublishedConfined = Published<Confined>;

}  // namespace coaxd::subscriber
