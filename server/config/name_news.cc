#include "server/config/name_news.h"

namespace coaxd::config {

std::vector<std::string> news_of_names(const HostTable& names, const HostTable* before) {
  const auto had_none = [before](const HostTable::Entry& entry) {
    return before != nullptr && before->has(entry.name) && before->find(entry.name).empty();
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
