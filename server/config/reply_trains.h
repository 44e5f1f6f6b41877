// reply_trains.h: which replies to relays leave as trains (io/send_train.h): `reply_trains` of [server] in coaxd.toml, obeyed by the
// io_uring transport. A value.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace coaxd::config {

enum class ReplyTrains : std::uint8_t {
  on_cards,  // a card cuts a train; behind a virtual cable (veth, tun, bridge) it arrives uncut at whoever reads packet sockets, as ISC
             // dhcrelay does
  always,
  never,
};

// As coaxd.toml writes them.
inline constexpr std::array<std::string_view, 3> kReplyTrainsNames{"auto", "always", "never"};

}  // namespace coaxd::config
