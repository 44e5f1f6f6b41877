// counted.h: "1 lease", "2 leases": for sentences to people, nowhere near a packet. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace coaxd {

inline std::string counted(std::uint64_t count, std::string_view noun) {
  std::string words = std::to_string(count) + ' ';
  words += noun;
  if (count != 1) words += 's';
  return words;
}

}  // namespace coaxd
