// assert.h: the third kind of error, "we are wrong". On in release too: a server that has lost its invariants stops,
// because going on would hand out an address twice. Bad input and a failing world are never asserted about.
#pragma once

namespace coaxd {

[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;

}  // namespace coaxd

#define COAXD_ASSERT(expression) \
  (static_cast<bool>(expression) ? void(0) : ::coaxd::assertion_failed(#expression, __FILE__, __LINE__))
