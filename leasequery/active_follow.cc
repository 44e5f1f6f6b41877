#include "leasequery/active_follow.h"

#include <algorithm>
#include <bit>

#include "server/base/assert.h"

namespace coaxd::leasequery {

namespace {

constexpr std::size_t kBits = 64;

}  // namespace

void NumberSet::insert(std::uint32_t number) {
  const std::size_t word = number / kBits;
  if (word >= words_.size()) words_.resize(word + 1);
  const std::uint64_t bit = std::uint64_t{1} << number % kBits;
  size_ += (words_[word] & bit) == 0;
  words_[word] |= bit;
}

std::uint32_t NumberSet::take() noexcept {
  COAXD_ASSERT(size_ > 0);
  while (words_[at_] == 0) at_ = at_ + 1 == words_.size() ? 0 : at_ + 1;
  const auto bit = static_cast<unsigned>(std::countr_zero(words_[at_]));
  words_[at_] &= words_[at_] - 1;
  --size_;
  return static_cast<std::uint32_t>(at_ * kBits + bit);
}

ActiveFollow::ActiveFollow(TcpQuery query, lease::StoredTime history_from, Instant now) : query_(std::move(query)), told_at_ns_(now.mono_ns) {
  catching_up_ = query_.changed_since.has_value();
  data_missing_ = catching_up_ && *query_.changed_since < history_from;
  if (catching_up_) *query_.changed_since -= std::min(*query_.changed_since, kSlack);
}

void ActiveFollow::work(Teller& teller, FrameWriter& out, Ipv4 server_id, Instant now, Budget& budget) noexcept {
  if (data_missing_ && !tell_status(out, StatusCode::data_missing, "ask for everything (DHCPBULKLEASEQUERY)", server_id, now)) return;
  data_missing_ = false;
  // Changes first, for they are new; but not so that the catch-up would never end.
  Budget for_changes{catching_up_ ? budget.addresses / 2 : budget.addresses};
  budget.addresses -= for_changes.addresses;
  tell_changed(teller, out, server_id, now, for_changes);
  budget.addresses += for_changes.addresses;
  if (catching_up_) catch_up(teller, out, server_id, now, budget);
  if (now.mono_ns >= next_ns()) tell_status(out, StatusCode::connection_active, "", server_id, now);
}

bool ActiveFollow::tell_status(FrameWriter& out, StatusCode code, std::string_view text, Ipv4 server_id, Instant now) noexcept {
  const MutableBytes room = out.room(kLongestTcpReply);
  if (room.empty()) return false;
  out.push(write_status(room, wire::MessageType::lease_query_status, query_.xid, {code, text}, first_ ? server_id : Ipv4{}, now.wall));
  first_ = false;
  told_at_ns_ = now.mono_ns;
  return true;
}

void ActiveFollow::tell_changed(Teller& teller, FrameWriter& out, Ipv4 server_id, Instant now, Budget& budget) noexcept {
  while (!changed_.empty() && !budget.spent() && !out.room(kLongestTcpReply).empty()) {
    const Ipv4 address = teller.view.numbered(LeaseView::Number{changed_.take()});
    budget.told();
    if (teller.view.by_address(address, now.wall, teller.facts) == Standing::unknown) continue;  // a reload took it out, which was told as DataMissing
    teller.tell(out, query_, first_ ? server_id : Ipv4{}, now.wall);
    first_ = false;
    told_at_ns_ = now.mono_ns;
  }
}

void ActiveFollow::catch_up(Teller& teller, FrameWriter& out, Ipv4 server_id, Instant now, Budget& budget) noexcept {
  while (!budget.spent() && !out.room(kLongestTcpReply).empty()) {
    if (teller.view.next(place_, LeaseView::Walk::used, now.wall, budget.addresses, teller.facts)) {
      if (!query_.changed_in_time(last_change(teller.facts))) continue;
      teller.tell(out, query_, first_ ? server_id : Ipv4{}, now.wall);
      first_ = false;
      told_at_ns_ = now.mono_ns;
      budget.told();
    } else if (place_.at_end()) {
      catching_up_ = !tell_status(out, StatusCode::catch_up_complete, "", server_id, now);
      return;
    }
  }
}

}  // namespace coaxd::leasequery
