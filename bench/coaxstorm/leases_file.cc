#include "bench/coaxstorm/leases_file.h"

#include <fmt/core.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "bench/coaxstorm/mac.h"

namespace coaxd::storm {

// Every statement that matters stands on a line of its own, in what dhcpd writes and in what is written for it.
FileLeases parse_leases(std::istream& text) {
  FileLeases leases;
  FileLease* lease = nullptr;
  for (std::string line; std::getline(text, line);) {
    std::istringstream words{line};
    std::string first, second, third;
    words >> first >> second >> third;
    if (first == "lease" && third == "{") {
      const auto address = Ipv4::parse(second);
      lease = address ? &leases[address->value] : nullptr;
      if (lease != nullptr) *lease = {};
    } else if (first == "}") {
      lease = nullptr;
    } else if (lease != nullptr && first == "binding" && second == "state") {
      lease->active = third == "active;";
    } else if (lease != nullptr && first == "hardware" && second == "ethernet" && third.ends_with(';')) {
      third.pop_back();
      lease->mac = parse_mac(third).value_or(0);
    }
  }
  return leases;
}

std::expected<FileLeases, std::string> read_leases_file(const std::string& path) {
  std::ifstream file{path};
  if (!file) return std::unexpected(fmt::format("{}: {}", path, std::strerror(errno)));
  return parse_leases(file);
}

}  // namespace coaxd::storm
