#include "server/base/did_you_mean.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace coaxd {
namespace {

// Levenshtein's distance, or `limit` when it is not below: a row without a smaller number can lead to none. `row` is scratch.
std::size_t distance(std::string_view a, std::string_view b, std::size_t limit, std::vector<std::size_t>& row) {
  row.resize(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1), least = row[0];
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, diagonal + 1, row[j] + 1});
      least = std::min(least, row[j + 1]);
    }
    if (least >= limit) return limit;
  }
  return row.back();
}

}  // namespace

std::string_view did_you_mean(std::string_view wrong, std::span<const std::string_view> known) {
  constexpr std::size_t kLongestWord = 64;  // of ours; a file may hold words of a megabyte
  if (wrong.size() > kLongestWord) return {};
  std::string_view best;
  std::vector<std::size_t> row;
  std::size_t least = std::max<std::size_t>(2, wrong.size() / 3) + 1;
  for (const std::string_view candidate : known) {
    // Every letter that one has more costs one: most words need no closer look.
    if (std::max(wrong.size(), candidate.size()) - std::min(wrong.size(), candidate.size()) >= least) continue;
    const std::size_t d = distance(wrong, candidate, least, row);
    if (d < least) {
      least = d;
      best = candidate;
    }
  }
  return best;
}

}  // namespace coaxd
