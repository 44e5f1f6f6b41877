// offered_names.h: the host names that clients told with what is on offer to them. dhcpd keeps an
// offer as a lease, name and all; ours is a word of the lease table, so the name that log lines
// show until the ACK is kept here. The room is fixed and a newer offer may take an older one's
// place: all that is lost is a name in a log line. A worker's own.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "server/base/bytes.h"
#include "server/lease/lease_table.h"

namespace coaxd::engine {

class OfferedNames {
 public:
  // `name` as told_host_name() gives it.
  void remember(lease::SlotId slot, lease::ClientHash client, Bytes name) noexcept {
    Entry& entry = entries_[slot % kEntries];
    entry.slot = slot;
    entry.client = client;
    entry.size = static_cast<std::uint8_t>(std::min(name.size(), entry.name.size()));
    std::copy_n(name.begin(), entry.size, entry.name.begin());
  }
  std::optional<Bytes> find(lease::SlotId slot, lease::ClientHash client) const noexcept {
    const Entry& entry = entries_[slot % kEntries];
    if (entry.slot != slot || entry.client != client) return std::nullopt;
    return Bytes{entry.name.data(), entry.size};
  }

 private:
  static constexpr std::size_t kEntries =
      1024;  // offers of one worker that wait for their REQUEST, in a busy second
  struct Entry {
    lease::SlotId slot = lease::kNoSlot;
    lease::ClientHash client = 0;
    std::uint8_t size = 0;
    std::array<std::uint8_t, 64> name;
  };
  std::vector<Entry> entries_ = std::vector<Entry>(kEntries);
};

}  // namespace coaxd::engine
