#include "server/config/regex.h"

namespace coaxd::config {

std::shared_ptr<const Regex> Regex::compile(std::string_view pattern, bool ignore_case) {
  std::shared_ptr<Regex> regex(new Regex(pattern, ignore_case));
  const int flags = REG_EXTENDED | (ignore_case ? REG_ICASE : 0);
  regex->valid_ = regcomp(&regex->compiled_, regex->pattern_.c_str(), flags) == 0;
  return regex->valid_ ? regex : nullptr;
}

Regex::~Regex() {
  if (valid_) regfree(&compiled_);
}

bool Regex::matches(Bytes subject) const noexcept {
  // REG_STARTEND (glibc, BSD): the subject is bounded by the match's offsets, not by a NUL.
  regmatch_t bounds{0, static_cast<regoff_t>(subject.size())};
  const char* text = subject.empty() ? "" : reinterpret_cast<const char*>(subject.data());
  return regexec(&compiled_, text, 1, &bounds, REG_STARTEND) == 0;
}

}  // namespace coaxd::config
