#include "server/subscriber/mac.h"

#include <fmt/format.h>

namespace coaxd::subscriber {
namespace {

int digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

std::optional<Mac> Mac::of(Bytes octets) noexcept {
  if (octets.size() != 6) return std::nullopt;
  Mac mac;
  for (const std::uint8_t octet : octets) mac.value = mac.value << 8 | octet;
  return mac;
}

std::optional<Mac> Mac::parse(std::string_view text) noexcept {
  const std::size_t first = text.find_first_of(":-.");
  const char separator = first == std::string_view::npos ? '\0' : text[first];
  // Groups of two digits, which may lose a leading zero, or of four, or one of twelve.
  const std::size_t group = separator == '\0' ? 12 : separator == '.' ? 4 : 2;
  const std::size_t fewest = group == 2 ? 1 : group;
  Mac mac;
  std::size_t groups = 0;
  for (std::size_t at = 0; at <= text.size(); ++groups) {
    const std::size_t end = separator == '\0' ? text.size() : std::min(text.find(separator, at), text.size());
    if (end - at < fewest || end - at > group || groups == 12 / group) return std::nullopt;
    std::uint64_t part = 0;
    for (const char c : text.substr(at, end - at)) {
      if (digit(c) < 0) return std::nullopt;
      part = part << 4 | static_cast<std::uint64_t>(digit(c));
    }
    mac.value = mac.value << (4 * group) | part;
    at = end + 1;
  }
  if (groups != 12 / group) return std::nullopt;
  return mac;
}

std::string to_string(Mac mac) {
  return fmt::format("{:02x}", fmt::join(mac.octets(), ":"));
}

}  // namespace coaxd::subscriber
