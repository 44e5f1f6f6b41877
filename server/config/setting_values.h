// setting_values.h: texts of coaxd.toml that mean more than a word: prefixes, options and a range of ports. Nothing: the text is none. Values; load time only.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "server/base/ipv4.h"

namespace coaxd::config {

// "10.1.0.1, 10.2.0.0/16": addresses and prefixes, commas or blanks between them. A prefix says its network's address: 10.2.0.1/16 is a slip.
std::optional<std::vector<Prefix>> parse_prefixes(std::string_view text);

// "51, 61, 82": numbers of options, 1 to 254.
std::optional<std::vector<std::uint8_t>> parse_option_codes(std::string_view text);

struct Ports {
  std::uint16_t low = 0, high = 0;  // 0: none given
};
// "40000-40063", or "".
std::optional<Ports> parse_ports(std::string_view text);

}  // namespace coaxd::config
