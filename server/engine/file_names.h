// file_names.h: who is told which file a reply names, and may put another name in its place (docs/files.md). Called for each OFFER, ACK and BOOTREPLY that gives an address
// and names a file, before it is known whether the reply leaves: an address that was lost to another client meanwhile, a full store, a probe may keep it back. So what is
// told counts only for the client that has the address by the lease table.
//
// Not for the ACK of an INFORM: it gives no address, and anybody may ask in another's name (RFC 2131 §4.3.5).
//
// Any thread; allocates nothing. It outlives the engines. The engine is as deterministic as it is.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "server/base/ipv4.h"
#include "server/base/time.h"
#include "server/subscriber/mac.h"

namespace coaxd::engine {

// A reply that names a file.
struct Handing {
  Ipv4 address;                           // that it gives
  Ipv4 giaddr;                            // zero: the client has asked us itself
  subscriber::Mac hardware{};             // chaddr; zero: it is no MAC
  subscriber::Mac modem{};                // it, or the one that it is behind (option 82.2)
  WallSeconds until = 0;                  // of the lease
  bool fixed = false;                     // the address is a host's of the configuration, and no lease of the table
  std::string_view file;                  // as the configuration has it: 1 to kLongest octets
  std::string_view client_class{};        // the first that the client is in
};

class FileNames {
 public:
  static constexpr std::size_t kLongest = 128;  // RFC 2131 §2: `file`

  // hand_out() may come for this address: asks the memory for what it is going to look up.
  virtual void prefetch(Ipv4 address) const noexcept = 0;
  // The name that the reply is to have: Handing::file, or one in `room`. Never empty.
  virtual std::string_view hand_out(const Handing& handing, Instant now, std::span<char, kLongest> room) noexcept = 0;

 protected:
  ~FileNames() = default;
};

}  // namespace coaxd::engine
