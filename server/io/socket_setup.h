// socket_setup.h: what all our sockets have in common when they are made: options, filter programs, sizes of buffers, and errors that say what
// to do. Before there are workers.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace coaxd::io {

struct SocketError {
  int error = 0;
  std::string message;  // one sentence with the mend in it
};

// With errno, and its words behind `what`.
std::unexpected<SocketError> socket_error(std::string_view what);

bool set_option(int fd, int level, int name, int value) noexcept;
// SO_ATTACH_FILTER, SO_ATTACH_REUSEPORT_CBPF.
bool attach_program(int fd, int option, std::vector<sock_filter> program);
// What a UDP socket lets through: everything but the limited broadcast, which every socket of a reuseport group would get.
std::vector<sock_filter> unicast_filter();
// Beyond net.core.rmem_max and wmem_max where we may (CAP_NET_ADMIN), else up to them.
void size_buffers(int fd, int receive, int send) noexcept;

// Whether we may have a UDP port for ourselves: without SO_REUSEPORT, or a second server of the same user would bind happily and steal clients.
// `mend` follows the sentence that says who has it.
std::expected<void, SocketError> probe_port(std::uint16_t port, std::string_view mend);

}  // namespace coaxd::io
