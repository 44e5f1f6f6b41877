#include "leasequery/bulk_walk.h"

#include <algorithm>
#include <array>

#include "server/base/assert.h"
#include "server/wire/cable_device.h"
#include "server/wire/option_table.h"

namespace coaxd::leasequery {

namespace {

// Of a stored option 82.
Bytes sub_option(Bytes agent_info, std::uint8_t code) noexcept { return wire::find_tlv(agent_info, code).value_or(Bytes{}); }

}  // namespace

BulkWalk::BulkWalk(TcpQuery query, const LeaseView& view, WallSeconds now) : query_(std::move(query)) {
  if (!walks_all()) find_client(view, now);
}

// All that he has, and what he had last and nobody was given since.
void BulkWalk::find_client(const LeaseView& view, WallSeconds now) {
  const auto tenant = std::make_unique<Tenant>();
  std::array<lease::SlotId, 16> slots;
  std::size_t count = 0;
  Standing standing;
  if (query_.by == TcpQuery::By::hardware) {
    standing = view.by_hardware(query_.htype, query_.key, now, *tenant);
    count = view.leases().find_by_hardware(query_.htype, query_.key, slots);
  } else {
    standing = view.by_client_id(query_.key, now, *tenant);
    count = view.leases().find_by_client_id(query_.key, slots);
  }
  for (const lease::SlotId slot : std::span(slots).first(count)) addresses_.push_back(view.leases().address_of(slot));
  if (standing == Standing::active) {
    addresses_.push_back(tenant->newest.address);
    addresses_.insert(addresses_.end(), tenant->other_addresses().begin(), tenant->other_addresses().end());
  }
  std::ranges::sort(addresses_);
  const auto repeated = std::ranges::unique(addresses_);
  addresses_.erase(repeated.begin(), repeated.end());
}

bool BulkWalk::at_end() const noexcept { return walks_all() ? place_.at_end() : next_ == addresses_.size(); }

// The next address with its facts; false: none yet, or the end.
bool BulkWalk::next(Teller& teller, WallSeconds now, Budget& budget) noexcept {
  if (!walks_all()) {
    if (at_end()) return false;
    teller.view.by_address(addresses_[next_++], now, teller.facts);
    return true;
  }
  // Those that were never used have no key, and have not changed.
  const bool all = query_.by == TcpQuery::By::everything && !query_.changed_since && !query_.changed_until;
  return teller.view.next(place_, all ? LeaseView::Walk::all : LeaseView::Walk::used, now, budget.addresses, teller.facts);
}

bool BulkWalk::asked_for(const Facts& facts) const noexcept {
  if (facts.standing == Standing::unknown || !query_.changed_in_time(last_change(facts))) return false;
  switch (query_.by) {
    case TcpQuery::By::hardware:
      return facts.htype == query_.htype && equal(facts.hardware, query_.key);
    case TcpQuery::By::client_id:
      return equal(facts.client_id, query_.key);
    case TcpQuery::By::relay_id:
      return equal(sub_option(facts.agent_info, agent::relay_id), query_.key);
    case TcpQuery::By::remote_id:
      return equal(sub_option(facts.agent_info, wire::agent::remote_id), query_.key);
    default:
      return true;
  }
}

bool BulkWalk::work(Teller& teller, FrameWriter& out, Ipv4 server_id, WallSeconds now, Budget& budget) noexcept {
  // Facts are another query's by the time there is room: so room comes first.
  for (MutableBytes room = out.room(kLongestTcpReply); !room.empty() && !budget.spent(); room = out.room(kLongestTcpReply)) {
    const Ipv4 said_by = first_ ? server_id : Ipv4{};  // RFC 6926 §8.3: in the first is enough
    if (next(teller, now, budget)) {
      if (!asked_for(teller.facts)) continue;
      const bool told = teller.tell(out, query_, said_by, now);
      COAXD_ASSERT(told);
      budget.told();
      first_ = false;
    } else if (at_end()) {
      out.push(write_status(room, wire::MessageType::lease_query_done, query_.xid, {}, said_by, now));
      return true;
    }
  }
  return false;
}

}  // namespace coaxd::leasequery
