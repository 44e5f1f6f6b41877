// isp.h: what exchanges are measured with: two configurations over a pool of a chosen size, and the packets of numbered clients, which are
// patched rather than built, so that making one costs next to nothing. Single thread.
//   isp    as cable ISPs run it (test_cable.h): modems in four classes, one of them spawned by option 82 and limited, a
//          thousand hosts, statements on commit, a line of the configuration's own in the log
//   plain  what bench/compare gives to every server
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>

#include "server/base/ipv4.h"
#include "server/engine/test_cable.h"
#include "server/wire/message.h"
#include "server/wire/option_table.h"
#include "server/wire/test_packet.h"

namespace coaxd::bench {

enum class Site : std::uint8_t { plain, isp };

inline constexpr Ipv4 kRelay = Ipv4::of(20, 0, 0, 1), kServer = Ipv4::of(20, 0, 0, 2), kFirst = Ipv4::of(20, 1, 0, 0);
// Client kFirstHost + n is declared, for n below kHosts.
inline constexpr std::uint32_t kFirstHost = 0xf0000000, kHosts = 1000;

inline std::string config_of(Site site, std::uint32_t addresses) {
  const std::string range = fmt::format("range {} {};", to_string(kFirst), to_string(Ipv4{kFirst.value + addresses - 1}));
  if (site == Site::plain) {
    return fmt::format(
        "authoritative; default-lease-time 86400; max-lease-time 86400; ping-check false; dhcp-cache-threshold 0;\n"
        "subnet 20.0.0.0 netmask 255.0.0.0 {{ option routers {}; option domain-name-servers {}; option domain-name \"example.net\"; {} }}\n",
        to_string(kRelay), to_string(kServer), range);
  }
  std::string text = engine::kCableConfig;
  text += "dhcp-cache-threshold 0;\n";
  for (std::uint32_t n = 0; n < kHosts; ++n) {
    text += fmt::format("host cm-{0} {{ hardware ethernet 00:15:f0:00:{1:02x}:{2:02x}; option host-name \"cm-{0}\"; }}\n", n, n >> 8, n & 255);
  }
  text += fmt::format(
      "shared-network cmts-2 {{ subnet 20.0.0.0 netmask 255.0.0.0 {{ option routers {}; pool {{ {} allow members of \"docsis\"; }} }} }}\n",
      to_string(kRelay), range);
  return text;
}

// One of a client's messages. What tells clients apart is their number: in xid, chaddr, client-id and the remote-id of option 82.
class ClientPacket {
 public:
  enum class Kind : std::uint8_t { discover, selecting, init_reboot, renewing, release };  // RFC 2131 §4.3.2, table 4

  explicit ClientPacket(Kind kind) : direct_(kind == Kind::renewing || kind == Kind::release) {
    namespace option = wire::option;
    using wire::MessageType;
    const MessageType type = kind == Kind::discover  ? MessageType::discover
                             : kind == Kind::release ? MessageType::release
                                                     : MessageType::request;
    wire::TestPacket packet;
    packet.cookie().add(option::message_type, {static_cast<std::uint8_t>(type)});
    client_id_ = packet.octets().size() + 5;
    packet.add(option::client_identifier, {1, 0, 0x15, 0, 0, 0, 0});
    requested_ = packet.octets().size() + 2;
    if (kind == Kind::selecting || kind == Kind::init_reboot) packet.add(option::requested_address, {0, 0, 0, 0});
    if (kind == Kind::selecting || kind == Kind::release) packet.add(option::server_identifier, {20, 0, 0, 2});
    packet.text(option::vendor_class_identifier, "docsis3.0:052401010102010303010104010105010106010107010f0801100901000a01010b01180c0101");
    packet.add(option::max_message_size, {0x02, 0x40}).text(option::host_name, "modem");
    packet.add(option::parameter_request_list, {1, 2, 3, 4, 7, 6, 12, 15, 66, 67, 122, 125});
    remote_id_ = packet.octets().size() + 12;
    if (!direct_) {
      packet.set(3, {1}).set(24, {20, 0, 0, 1});
      packet.add(option::relay_agent_information, {1, 4, 0x80, 0, 0, 3, 2, 6, 0, 0x15, 0, 0, 0, 0, 4, 4, 0, 0, 0, 1});
    }
    octets_ = packet.end().pad().octets();
  }

  ClientPacket& of(std::uint32_t number, Ipv4 address = {}) {
    for (const std::size_t at : {std::size_t{4}, std::size_t{30}, client_id_}) store_be32(&octets_[at], number);
    if (!direct_) store_be32(&octets_[remote_id_], number);
    if (!address.is_zero()) store_be32(&octets_[direct_ ? 12 : requested_], address.value);
    return *this;
  }
  operator Bytes() const& { return octets_; }

 private:
  bool direct_;  // by unicast: no relay, the address in ciaddr
  std::size_t client_id_ = 0, requested_ = 0, remote_id_ = 0;
  wire::TestPacket::Octets octets_;
};

}  // namespace coaxd::bench
