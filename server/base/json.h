// json.h: a text as a string of JSON (RFC 8259 §7), quotes and all. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace coaxd {

std::string json_text(std::string_view text);      // of UTF-8, which JSON is: control characters escaped, the rest as it is
std::string json_octets(std::string_view octets);  // of what devices and strangers send, which may be anything: only ASCII as it is

}  // namespace coaxd
