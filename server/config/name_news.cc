#include "server/config/name_news.h"

#include <algorithm>

namespace coaxd::config {

std::vector<std::string> news_of_names(const HostTable& names, const HostTable* before) {
  const auto had_none = [before](const HostTable::Entry& entry) {
    if (before == nullptr || !before->find(entry.name).empty()) return false;
    return std::ranges::find(before->entries(), entry.name, &HostTable::Entry::name) != before->entries().end();
  };
  std::vector<std::string> news;
  for (const HostTable::Entry& entry : names.entries()) {
    if (had_none(entry) == entry.addresses.empty()) continue;
    news.push_back(entry.name + (entry.addresses.empty() ? ": host unknown: what is set to this name is left out of replies until it has an address."
                                                         : ": has an address again."));
  }
  return news;
}

}  // namespace coaxd::config
