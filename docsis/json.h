// json.h: JSON strings (RFC 8259 §7), all that the printers of docsis/ need of it. Values only, any thread.
#pragma once

#include <string>
#include <string_view>

namespace coaxd::docsis {

bool is_utf8(std::string_view text) noexcept;  // RFC 3629: no surrogates, no overlong forms
// With its quotes. What is not UTF-8 becomes U+FFFD.
void append_json(std::string_view text, std::string& out);

}  // namespace coaxd::docsis
