#include "server/base/json.h"

#include <fmt/format.h>

#include <iterator>

namespace coaxd {
namespace {

std::string quoted(std::string_view text, unsigned plain_below) {
  std::string out = "\"";
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out += '\\';
    if (octet < 0x20 || octet == 0x7f || octet >= plain_below) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", octet);
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace

std::string json_text(std::string_view text) { return quoted(text, 0x100); }
std::string json_octets(std::string_view octets) { return quoted(octets, 0x7f); }

}  // namespace coaxd
