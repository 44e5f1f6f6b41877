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
  // glibc's own search takes a length where regexec() takes a NUL. REG_STARTEND would do as well, but
  // AddressSanitizer does not know it and reads on to the next NUL. The pattern is not written to.
  const auto size = static_cast<regoff_t>(subject.size());
  const char* text = subject.empty() ? "" : reinterpret_cast<const char*>(subject.data());
  return re_search(const_cast<regex_t*>(&compiled_), text, size, 0, size, nullptr) >= 0;
}

}  // namespace coaxd::config
