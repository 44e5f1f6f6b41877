// route.h: whether what goes to an address leaves by a network card, which cuts trains (send_batch.h) before they are on the wire.
// A virtual cable (veth, tun, bridge, loopback) hands a train over uncut: the UDP sockets behind it see datagrams, but a packet
// socket, which ISC dhcpd reads, sees one message that makes no sense. Asks the kernel twice; called once. Any thread.
#pragma once

#include "server/base/ipv4.h"

namespace coaxd::storm {

bool leaves_by_card(Ipv4 to) noexcept;  // false also where the kernel does not tell

}  // namespace coaxd::storm
