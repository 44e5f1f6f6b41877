#include "leasequery/requesters.h"

#include <algorithm>
#include <utility>
#include <numeric>

namespace coaxd::leasequery {
namespace {

constexpr std::string_view kResults[] = {"active", "unassigned", "unknown"};
static_assert(std::size(kResults) == static_cast<std::size_t>(Result::count));

constexpr std::size_t kLooks = 8;  // so a stranger with a thousand giaddrs makes nobody's query dear

template <typename E>
constexpr std::size_t at(E e) noexcept {
  return static_cast<std::size_t>(e);
}

}  // namespace

std::string_view to_string(Result result) noexcept { return kResults[at(result)]; }

bool TokenBucket::take(std::int64_t mono_ns) noexcept {
  if (interval_ns_ == 0) return true;
  std::int64_t full_at = full_at_.load(std::memory_order_relaxed);  // a number by itself: nothing is read because of it
  for (;;) {
    const std::int64_t next = std::max(full_at, mono_ns) + interval_ns_;
    if (next - mono_ns > kBurstSeconds * 1'000'000'000) return false;
    if (full_at_.compare_exchange_weak(full_at, next, std::memory_order_relaxed)) return true;
  }
}

Requesters::Requesters(std::span<const RequesterSpec> specs, std::uint32_t rate, const Codes& may_be_told)
    : listed_(!specs.empty()), may_be_told_(may_be_told), by_length_(specs.size()), all_(rate) {
  for (const RequesterSpec& spec : specs) requesters_.push_back(std::make_unique<Requester>(spec));
  if (!listed_) requesters_.push_back(std::make_unique<Requester>(RequesterSpec{}));
  std::iota(by_length_.begin(), by_length_.end(), 0u);
  std::ranges::sort(by_length_, {}, [&](std::uint32_t place) { return std::pair(-specs[place].prefix.length(), place); });
}

std::string Requesters::name(std::size_t place) const {
  if (!listed_) return "allow leasequery";
  const Prefix& prefix = at(place).spec.prefix;
  return to_string(prefix.network) + '/' + std::to_string(prefix.length());
}

std::size_t Requesters::find(Ipv4 address) const noexcept {
  const auto found = std::ranges::find_if(by_length_, [&](std::uint32_t place) { return at(place).spec.prefix.contains(address); });
  return found == by_length_.end() ? kNobody : *found;
}

std::expected<std::size_t, Refusal> Requesters::admit(Ipv4 source, Ipv4 giaddr, bool allowed) const noexcept {
  if (!listed_) {
    if (!allowed) return std::unexpected(Refusal::not_allowed);
    return 0;
  }
  const std::size_t place = find(giaddr);
  if (place == kNobody) return std::unexpected(Refusal::not_allowed);
  if (find(source) == kNobody) return std::unexpected(Refusal::source_not_allowed);
  return place;
}

Refusal Requesters::charge(std::size_t place, std::int64_t mono_ns) noexcept {
  if (!at(place).bucket.take(mono_ns)) return Refusal::too_many;
  return all_.take(mono_ns) ? Refusal::none : Refusal::busy;
}

bool Requesters::heard_first(Ipv4 giaddr, Dialect dialect) noexcept {
  const std::uint64_t mine = std::uint64_t{giaddr.value} << 8 | leasequery::at(dialect) | 0x80;  // never 0
  std::size_t place = (giaddr.value * 2654435761u) >> 22;  // the upper bits are mixed best
  static_assert(kHeard == 1u << (32 - 22));
  for (std::size_t looked = 0; looked < kLooks; ++looked, place = (place + 1) % kHeard) {
    std::uint64_t there = heard_[place].load(std::memory_order_relaxed);
    if (there == mine) return false;
    if (there == 0 && heard_[place].compare_exchange_strong(there, mine, std::memory_order_relaxed)) return true;
    if (there == mine) return false;  // another worker was faster
  }
  return false;
}

void Tally::answered(std::size_t place, Dialect dialect, Key key, Result result) noexcept {
  counts_[index(place)].answers[at(dialect)][at(key)][at(result)].add();
}

void Tally::refused(std::size_t place, Refusal why) noexcept { counts_[index(place)].refusals[at(why)].add(); }

std::uint64_t Tally::answers(std::size_t place, Dialect dialect, Key key, Result result) const noexcept {
  return counts_[index(place)].answers[at(dialect)][at(key)][at(result)].get();
}

std::uint64_t Tally::refusals(std::size_t place, Refusal why) const noexcept { return counts_[index(place)].refusals[at(why)].get(); }

}  // namespace coaxd::leasequery
