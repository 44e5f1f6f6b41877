// regex.h: a POSIX extended regular expression over octets, compiled once at load: dhcpd's ~= and
// ~~ (dhcpd-compat §7.1). glibc's regexec takes a lock inside the compiled expression, so that
// workers that share one wait for each other: copy() gives each its own. No error, no allocation
// that the caller must know of. Immutable after compile.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <regex.h>

#include "server/base/bytes.h"

namespace coaxd::config {

class Regex {
 public:
  // Null when the pattern does not compile; a match against it is then null, as in dhcpd.
  static std::shared_ptr<const Regex> compile(std::string_view pattern, bool ignore_case);
  ~Regex();
  Regex(const Regex&) = delete;
  Regex& operator=(const Regex&) = delete;

  // Unanchored; an embedded NUL is an octet like any other.
  bool matches(Bytes subject) const noexcept;
  std::shared_ptr<const Regex> copy() const { return compile(pattern_, ignore_case_); }
  std::string_view pattern() const noexcept { return pattern_; }

 private:
  Regex(std::string_view pattern, bool ignore_case)
      : pattern_(pattern), ignore_case_(ignore_case) {}

  std::string pattern_;
  bool ignore_case_;
  regex_t compiled_{};
  bool valid_ = false;
};

}  // namespace coaxd::config
