#include "server/engine/reclaim.h"

#include <algorithm>

#include "server/engine/ending.h"
#include "server/engine/find_lease.h"

namespace coaxd::engine {

lease::SlotId leased_to_another(Exchange& exchange, Ipv4 address) noexcept {
  const lease::SlotId slot = exchange.server.leases.find(address);
  if (slot == lease::kNoSlot) return slot;
  const View view = inspect(exchange.server, exchange.client, slot, exchange.now.wall);
  return view.standing == Standing::taken ? slot : lease::kNoSlot;
}

Granted reclaim(Exchange& exchange, const Lease& lease) noexcept {
  Server& server = exchange.server;
  const lease::SlotId slot = server.leases.find(lease.address);
  if (slot == lease::kNoSlot) return Granted::done;
  const View view = inspect(server, exchange.client, slot, exchange.now.wall);
  switch (view.standing) {
    case Standing::offered_away:
      return server.leases.withdraw_offer(slot, view.word) ? Granted::done : Granted::lost;
    case Standing::pending:  // since find_lease looked: the next attempt sees it
      return Granted::lost;
    case Standing::taken:
      break;
    default:
      return Granted::done;
  }
  DropReason why = DropReason::none;
  if (end_lease(server, exchange.actions, slot, view.word, Ending::released, exchange.now,
                exchange.query, why) == nullptr) {
    if (why == DropReason::contended || why == DropReason::busy) return Granted::lost;
    drop(exchange, why);
    return Granted::refused;
  }
  LogEvent& event = note(exchange, LogKind::reclaimed);
  describe_holder(event, LogKind::reclaimed, lease.address, server.before);
  set_name(event, as_bytes(lease.host->name));
  return Granted::done;
}

void describe_holder(LogEvent& event, LogKind kind, Ipv4 address,
                     const lease::Binding& binding) noexcept {
  event = {};
  event.kind = kind;
  event.address = address;
  event.htype = binding.htype;
  const Bytes hardware = binding.hardware().first(std::min(binding.hardware().size(), event.chaddr.size()));
  event.hlen = static_cast<std::uint8_t>(hardware.size());
  std::ranges::copy(hardware, event.chaddr.begin());
}

}  // namespace coaxd::engine
