#include "server/config/domain_name.h"

#include <algorithm>

namespace coaxd::config {
namespace {

constexpr std::size_t kMaxLabel = 63, kMaxName = 255, kMaxPointer = 0x3fff;

bool valid(std::string_view name) {
  if (name.size() + 2 > kMaxName) return false;
  for (;;) {
    const std::size_t dot = name.find('.');
    const std::size_t length = std::min(dot, name.size());
    if (length == 0 || length > kMaxLabel) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

std::string lower(std::string_view name) {
  std::string result(name);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return result;
}

}  // namespace

bool DomainNameWriter::write(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (!name.empty() && !valid(name)) return false;
  while (!name.empty()) {
    if (compress_) {
      const std::string key = lower(name);
      const auto known =
          std::ranges::find(suffixes_, key, &std::pair<std::string, std::size_t>::first);
      if (known != suffixes_.end()) {
        out_.push_back(static_cast<std::uint8_t>(0xc0 | known->second >> 8));
        out_.push_back(static_cast<std::uint8_t>(known->second));
        return true;
      }
      if (const std::size_t at = out_.size() - start_; at <= kMaxPointer)
        suffixes_.emplace_back(key, at);
    }
    const std::string_view label = name.substr(0, name.find('.'));
    out_.push_back(static_cast<std::uint8_t>(label.size()));
    out_.insert(out_.end(), label.begin(), label.end());
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  out_.push_back(0);
  return true;
}

}  // namespace coaxd::config
