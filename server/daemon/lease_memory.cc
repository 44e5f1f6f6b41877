#include "server/daemon/lease_memory.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <optional>

#include "server/base/counted.h"
#include "server/daemon/configuration.h"
#include "server/daemon/mirror.h"
#include "server/engine/billing.h"
#include "server/engine/imported_events.h"

namespace coaxd::daemon {

namespace {

std::uint64_t address_count(const config::Config& config) {
  std::uint64_t total = 0;
  for (const auto& pool : config.pools()) total += pool->size;
  return total;
}

}  // namespace

LeaseMemory::LeaseMemory(const config::Config& config, WallSeconds now, HashSeed seed) : fixed_notes_(seed) {
  table_ = std::make_unique<lease::LeaseTable>(seed);
  // A billed key needs at least one lease, so addresses bound the keys; room for pools that a reload may add.
  limits_ = std::make_unique<lease::LeaseLimits>(seed, std::bit_ceil(std::max<std::uint64_t>(address_count(config) * 2, 4096)));
  table_->configure(pool_specs(config), now);
  fixed_notes_.configure(config, now);
}

// Leases outside every range are on nobody's bill: after a start the table would not even know them, and a reload stands for a start.
void LeaseMemory::count_limits() {
  limits_->clear();
  lease::Binding binding;
  for (lease::SlotId slot = 0; slot < table_->slot_count(); ++slot) {
    if (table_->word(slot).state() != lease::SlotState::active || table_->pool_of(slot) == lease::kNoPool) continue;
    table_->read(slot, binding);
    if (const auto key = engine::billed_key(*limits_, binding); key != 0) limits_->restore(key);
  }
}

// False: the address has no slot; the lease is kept for the mirror.
bool LeaseMemory::restore(Ipv4 address, const lease::Binding& binding, std::uint32_t generation) {
  if (table_->restore(address, binding, generation)) return true;
  std::array<std::uint8_t, store::kMaxRecordSize> octets{};
  const std::size_t size = store::encode_binding(octets, binding);
  homeless_.insert_or_assign(address, std::string(as_text(Bytes(octets).first(size))));
  return false;
}

std::expected<void, std::string> LeaseMemory::fill(const config::Config& config, store::LeaseStore& store,
                                                   const std::string& leases_path, bool accept_damaged, WallSeconds now,
                                                   const std::function<void(const std::string&)>& say) {
  std::vector<Known> known;
  std::uint64_t homeless = 0;
  const auto visit = [&](Ipv4 address, const lease::Binding& binding, std::uint32_t generation) {
    known.push_back({address, {generation, store::last_event(binding)}});
    if (!restore(address, binding, generation)) ++homeless;
  };
  const auto recovered = store.recover(visit);
  if (!recovered) return std::unexpected(recovered.error().message);
  for (const std::string& message : recovered->messages) say(message);
  // Of what the store cannot read, the leases file may have the last word.
  if (recovered->damaged == 0 && mirror_adds_nothing(leases_path, recovered->newest)) {
    others_ = others_of_mirror(leases_path);
  } else {
    if (auto imported = import(config, store, leases_path, accept_damaged, now, std::move(known), say); !imported) return imported;
  }
  if (homeless > 0)
    say(fmt::format("{} of addresses that no range contains now, kept in the store and in the leases file: they come back with their range.",
                    counted(homeless, "lease")));
  table_->restored(now);
  count_limits();
  return {};
}

// dhcpd's leases file: all of it on first start; later what happened while dhcpd served in our place (merged by cltt, never ignored).
std::expected<void, std::string> LeaseMemory::import(const config::Config& config, store::LeaseStore& store,
                                                     const std::string& leases_path, bool accept_damaged, WallSeconds now,
                                                     std::vector<Known> known,
                                                     const std::function<void(const std::string&)>& say) {
  if (access(leases_path.c_str(), F_OK) != 0) return {};
  const auto file = store::LeasesFile::read(leases_path, now);
  if (!file) return std::unexpected(file.error().message);
  for (const store::LeasesRemark& note : file->notes()) say(fmt::format("{}:{}: {}", leases_path, note.line, note.text));
  others_ = file->others();
  for (const store::LeasesDeclaration& declaration : file->declarations())
    if (const std::string fate = fate_of(declaration); !fate.empty()) say(fmt::format("{}:{}: {}", leases_path, declaration.line, fate));
  for (const store::LeasesRemark& damage : file->damaged()) say(fmt::format("{}:{}: unreadable: {}", leases_path, damage.line, damage.text));
  if (!file->damaged().empty() && !accept_damaged) {
    return std::unexpected(fmt::format(
        "{} part{} of {} cannot be read (listed above): each may be the last word about an address. Mend the file, or start once with "
        "--accept-damaged-leases to go on without them.",
        file->damaged().size(), file->damaged().size() == 1 ? "" : "s", leases_path));
  }
  std::sort(known.begin(), known.end(), [](const Known& a, const Known& b) { return a.address < b.address; });
  const auto committed = [&](Ipv4 address) -> std::optional<store::CommittedLease> {
    const auto place = std::lower_bound(known.begin(), known.end(), address, [](const Known& k, Ipv4 a) { return k.address < a; });
    if (place == known.end() || place->address != address) return std::nullopt;
    return place->lease;
  };
  engine::ImportedEvents events(config);
  std::vector<store::Record> records;
  store::merge_by_cltt(*file, committed, now, [&](const store::Record& record) {
    events.translate(records.emplace_back(record).binding);
  });
  if (records.empty()) return {};
  if (auto imported = store.import(records); !imported) return std::unexpected(imported.error().message);
  std::size_t homeless = 0;
  for (const store::Record& record : records)
    if (!restore(record.address, record.binding, record.generation)) ++homeless;
  say(fmt::format("{} imported from {}{}.", counted(records.size(), "lease"), leases_path,
                  homeless == 0 ? std::string{} : fmt::format(" ({} of them on addresses that no range contains now)", homeless)));
  return {};
}

std::expected<void, std::string> LeaseMemory::reconfigure(const config::Config& config, store::LeaseStore& store, WallSeconds now) {
  // Addresses that come (back): their leases, and above all their generations, go on from what the store knows; an address that began
  // anew would be given away under its owner, and its records would be older than those the store has.
  const std::vector<lease::PoolSpec> pools = pool_specs(config);
  const auto is_new = [this](Ipv4 address) {
    const lease::SlotId slot = table_->find(address);
    return slot == lease::kNoSlot || table_->pool_of(slot) == lease::kNoPool;
  };
  bool comes = false;
  for (const lease::PoolSpec& pool : pools)
    for (const lease::PoolSpec::Range& range : pool.ranges)
      for (std::uint64_t address = range.low.value; address <= range.high.value && !comes; ++address)
        comes = is_new(Ipv4{static_cast<std::uint32_t>(address)});
  struct Stored {
    Ipv4 address;
    lease::Binding binding;
    std::uint32_t generation;
  };
  std::vector<Stored> back;
  if (comes) {
    const auto visit = [&](Ipv4 address, const lease::Binding& binding, std::uint32_t generation) {
      if (config.pool_of(address) != nullptr && is_new(address)) back.push_back({address, binding, generation});
    };
    if (const auto recovered = store.recover(visit); !recovered) return std::unexpected(recovered.error().message);
  }
  table_->configure(pools, now);
  fixed_notes_.configure(config, now);
  for (const Stored& one : back) table_->restore(one.address, one.binding, one.generation);
  if (!back.empty()) table_->restored(now);
  count_limits();
  return {};
}

}  // namespace coaxd::daemon
