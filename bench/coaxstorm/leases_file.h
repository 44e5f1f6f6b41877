// leases_file.h: just enough of a reader of dhcpd.leases(5) to ask who holds an address; independent of the server's own, as
// it is there to judge it. The last block of an address counts. Any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <unordered_map>

#include "server/base/ipv4.h"

namespace coaxd::storm {

struct FileLease {
  std::uint64_t mac = 0;
  bool active = false;
};
using FileLeases = std::unordered_map<std::uint32_t, FileLease>;  // by address

FileLeases parse_leases(std::istream& text);
std::expected<FileLeases, std::string> read_leases_file(const std::string& path);

}  // namespace coaxd::storm
