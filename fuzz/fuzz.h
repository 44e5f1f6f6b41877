// fuzz.h: what every target needs. A target defines LLVMFuzzerTestOneInput() and calls REQUIRE for
// what must hold of any input; a REQUIRE that fails is a finding. Single thread; deterministic, so
// that a finding replays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "server/base/bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

#define REQUIRE(condition)                                                                \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                       \
    }                                                                                     \
  } while (false)

namespace coaxd::fuzz {

// glibc's regcomp takes what time and memory a pattern asks for: a configuration is the operator's, so
// that is no finding. Patterns without repetition, and text without patterns, stay small.
inline bool patterns_are_small(std::string_view text) {
  if (text.find('~') == text.npos) return true;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char next = at + 1 < text.size() ? text[at + 1] : '\0';
    if (text[at] == '*' || text[at] == '+' || text[at] == '?' || text[at] == '\\') return false;
    if (text[at] == '{' && ((next >= '0' && next <= '9') || next == ',')) return false;
  }
  return true;
}

// Takes an input apart from its front, for targets that need numbers beside octets. Runs dry as
// zeros.
class Source {
 public:
  explicit Source(Bytes bytes) : rest_(bytes) {}
  std::uint8_t u8() {
    if (rest_.empty()) return 0;
    const std::uint8_t value = rest_[0];
    rest_ = rest_.subspan(1);
    return value;
  }
  std::uint16_t u16() {
    const unsigned high = u8();
    return static_cast<std::uint16_t>((high << 8) | u8());
  }
  Bytes take(std::size_t size) {
    const Bytes taken = rest_.first(size < rest_.size() ? size : rest_.size());
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  bool empty() const { return rest_.empty(); }
  Bytes rest() const { return rest_; }

 private:
  Bytes rest_;
};

}  // namespace coaxd::fuzz
