#include "server/subscriber/modems.h"

#include <algorithm>
#include <array>
#include <map>

namespace coaxd::subscriber {
namespace {

// Looked at in a tick, for times to be stored: a round through a million modems takes less than half a minute, and a tick 5 ms.
constexpr std::size_t kLookedAt = 50'000;
// Stored in one transaction, for which the fold waits: some 20 ms.
constexpr std::size_t kStoredAtOnce = 4'000;

}  // namespace

std::expected<std::uint64_t, std::string> Modems::load() {
  return store_.load_modems([this](Modem modem) { table_.put(std::move(modem)); });
}

Modem Modems::as_it_is(const ModemTable::Record& record) {
  Modem modem = record.modem;
  modem.dhcp_seen = record.seen->dhcp.load(std::memory_order_relaxed);
  modem.file_served = record.seen->file.load(std::memory_order_relaxed);
  return modem;
}

std::expected<void, std::string> Modems::set(std::span<const Setting> settings, WallSeconds now) {
  std::map<Mac, Modem> modems;
  for (const Setting& setting : settings) {
    // Of two settings of one modem the later goes on from the earlier.
    const auto [at, is_first] = modems.try_emplace(setting.mac);
    if (is_first) at->second = get(setting.mac).value_or(Modem{.mac = setting.mac});
    auto modem = changed(at->second, setting.change, now);
    if (!modem) return std::unexpected(modem.error());
    at->second = std::move(*modem);
  }
  std::vector<ModemStore::Row> rows;
  for (const auto& [mac, modem] : modems) rows.push_back({ModemStore::Kind::put, &modem});
  if (auto written = store_.write_modems(rows, true); !written) return written;
  for (auto& [mac, modem] : modems) table_.put(std::move(modem));
  return {};
}

std::expected<bool, std::string> Modems::erase(Mac mac) {
  collect();  // what was seen before would bring it back
  if (table_.find(mac) == nullptr) return false;
  const Modem modem{.mac = mac};
  const ModemStore::Row row{ModemStore::Kind::erase, &modem};
  if (auto written = store_.write_modems({&row, 1}, true); !written) return std::unexpected(written.error());
  std::erase(fresh_, mac);
  return table_.erase(mac);
}

std::optional<Modem> Modems::get(Mac mac) const {
  const ModemTable::Record* record = table_.find(mac);
  return record == nullptr ? std::nullopt : std::optional(as_it_is(*record));
}

std::vector<Mac> Modems::all() const {
  std::vector<Mac> macs;
  macs.reserve(table_.size());
  std::size_t place = 0;
  while (const ModemTable::Record* record = table_.next(place)) macs.push_back(record->modem.mac);
  std::ranges::sort(macs);
  return macs;
}

void Modems::take_over(const Sighting& sighting) {
  const ModemTable::Record* record = table_.find(sighting.mac);
  if (record == nullptr && (sighting.kind != Sighting::Kind::dhcp || table_.size() >= kMostSeen)) return;
  Modem modem = record != nullptr ? as_it_is(*record) : Modem{.mac = sighting.mac};
  if (sighting.kind == Sighting::Kind::dhcp) {
    const std::array<std::string*, 3> kept = {&modem.vendor_class, &modem.vendor_options, &modem.capabilities};
    bool news = record == nullptr;
    for (std::size_t i = 0; i < kept.size(); ++i) {
      if (sighting.text(i).empty() || *kept[i] == sighting.text(i)) continue;
      *kept[i] = sighting.text(i);
      news = true;
    }
    if (!news) return;  // it was seen twice before we looked
    modem.dhcp_seen = std::max(modem.dhcp_seen, sighting.at);
  } else {
    modem.file_served = std::max(modem.file_served, sighting.at);
    modem.file = sighting.text(0);
  }
  table_.put(std::move(modem));
  fresh_.push_back(sighting.mac);
}

void Modems::collect() {
  table_.collect([this](const Sighting& sighting) { take_over(sighting); });
}

void Modems::tick() {
  collect();
  store_fresh();
  store_seen(kLookedAt);
}

std::expected<void, std::string> Modems::write(std::vector<Modem>& modems, ModemStore::Kind kind) {
  std::vector<ModemStore::Row> rows;
  for (const Modem& modem : modems) rows.push_back({kind, &modem});
  auto written = store_.write_modems(rows, false);
  ailment_ = written ? std::string{} : written.error();
  return written;
}

// What could not be stored stays for the next tick.
void Modems::store_fresh() {
  while (!fresh_.empty()) {
    const std::size_t count = std::min(fresh_.size(), kStoredAtOnce);
    std::vector<Modem> modems;
    for (const Mac mac : std::span(fresh_).first(count))
      if (auto modem = get(mac)) modems.push_back(std::move(*modem));
    if (!modems.empty() && !write(modems, ModemStore::Kind::put)) return;
    fresh_.erase(fresh_.begin(), fresh_.begin() + static_cast<std::ptrdiff_t>(count));
  }
}

// True when a round is complete.
bool Modems::store_seen(std::size_t records) {
  std::vector<Modem> modems;
  std::vector<Seen*> marks;
  const ModemTable::Record* record = nullptr;
  while (records-- > 0 && modems.size() < kStoredAtOnce && (record = table_.next(place_)) != nullptr) {
    if (!record->seen->to_be_stored.load(std::memory_order_relaxed)) continue;
    // Before the times are read: who writes one later marks it again. Acquire pairs with Reader::note_dhcp() and note_file().
    record->seen->to_be_stored.exchange(false, std::memory_order_acquire);
    modems.push_back(as_it_is(*record));
    marks.push_back(record->seen.get());
  }
  if (!modems.empty() && !write(modems, ModemStore::Kind::seen))
    for (Seen* seen : marks) seen->to_be_stored.store(true, std::memory_order_relaxed);
  return record == nullptr && place_ == 0;
}

std::expected<void, std::string> Modems::store_what_was_seen() {
  collect();
  ailment_.clear();
  store_fresh();
  place_ = 0;
  while (ailment_.empty() && !store_seen(kLookedAt)) {
  }
  if (!ailment_.empty()) return std::unexpected(ailment_);
  return {};
}

}  // namespace coaxd::subscriber
