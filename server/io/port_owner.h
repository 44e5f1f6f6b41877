// port_owner.h: which process has a UDP port, for the message that says so. Reads /proc; at start only.
#pragma once

#include <cstdint>
#include <string>

namespace coaxd::io {

// "in.tftpd (process 812)", or "" when it cannot be seen: another user's, another container's, the kernel's.
std::string udp_port_owner(std::uint16_t port);

}  // namespace coaxd::io
