#include "server/subscriber/modem_table.h"

#include <algorithm>
#include <limits>

#include "server/base/assert.h"

namespace coaxd::subscriber {
namespace {

constexpr std::size_t kFewestSlots = 1024;
constexpr std::size_t kLongest = 255;  // of a text in a Sighting

std::uint32_t to_stored(WallSeconds at) noexcept { return static_cast<std::uint32_t>(std::clamp<WallSeconds>(at, 0, kNever)); }

// Time goes forward, also between workers that read the clock at the same moment. False: it is there already.
bool move_on(Atomic<std::uint32_t>& time, std::uint32_t now) noexcept {
  std::uint32_t before = time.load(std::memory_order_relaxed);
  while (before < now) {
    if (time.compare_exchange_weak(before, now, std::memory_order_relaxed)) return true;
  }
  return false;
}

}  // namespace

ModemTable::ModemTable(HashSeed seed) : seed_(seed), slots_(new Slots(kFewestSlots)) {}

ModemTable::~ModemTable() {
  COAXD_ASSERT(readers_.empty());
  const Slots* slots = slots_.load();
  for (std::size_t i = 0; i <= slots->mask; ++i) delete slots->slots[i].record.load();
  delete slots;
}

// Strangers' addresses: a seeded hash, or they could be made to meet.
ModemTable::Slot* ModemTable::slot_of(const Slots& in, Mac mac) const noexcept {
  const std::uint64_t key = mac.value | kUsed;
  std::uint64_t at = hash_bytes(seed_, {reinterpret_cast<const std::uint8_t*>(&key), sizeof key});
  for (;; ++at) {
    Slot& slot = in.slots[at & in.mask];
    const std::uint64_t there = slot.key.load();
    if (there == key || there == 0) return &slot;
  }
}

const ModemTable::Record* ModemTable::look_up(Mac mac) const noexcept {
  return slot_of(*slots_.load(), mac)->record.load();  // of a free slot: null
}

Seen* ModemTable::seen_of(Mac mac) const noexcept { return slot_of(*slots_.load(), mac)->seen.load(); }

void ModemTable::put(Modem modem) {
  if (2 * (keys_ + 1) > slots_.load()->mask) grow();
  Slot* slot = slot_of(*slots_.load(), modem.mac);
  const Record* before = slot->record.load();
  auto record = std::make_unique<Record>(Record{std::move(modem), before != nullptr ? before->seen : std::make_shared<Seen>()});
  const Modem& now = record->modem;
  move_on(record->seen->dhcp, to_stored(now.dhcp_seen));
  move_on(record->seen->file, to_stored(now.file_served));
  const Texts texts = {now.vendor_class, now.vendor_options, now.capabilities};
  for (std::size_t i = 0; i < texts.size(); ++i) record->seen->said[i].store(hash_of(texts[i]), std::memory_order_relaxed);
  record->seen->file_name.store(hash_of(now.file), std::memory_order_relaxed);
  if (slot->key.load() == 0) {
    slot->key.store(now.mac.value | kUsed);  // a reader who finds it without a record finds nothing, as before
    ++keys_;
  }
  slot->seen.store(record->seen.get());
  slot->record.store(record.release());
  size_ += before == nullptr ? 1 : 0;
  if (before != nullptr) retire(old_records_, before);
}

bool ModemTable::erase(Mac mac) {
  Slot* slot = slot_of(*slots_.load(), mac);
  slot->seen.store(nullptr);
  const Record* before = slot->record.exchange(nullptr);
  if (before == nullptr) return false;
  --size_;
  retire(old_records_, before);
  return true;
}

// Twice the room for what there is; keys without a record stay behind.
void ModemTable::grow() {
  const Slots* before = slots_.load();
  std::size_t count = kFewestSlots;
  while (count < 4 * (size_ + 1)) count *= 2;
  auto after = std::make_unique<Slots>(count);
  keys_ = 0;
  for (std::size_t i = 0; i <= before->mask; ++i) {
    const Record* record = before->slots[i].record.load();
    if (record == nullptr) continue;
    Slot* slot = slot_of(*after, record->modem.mac);
    slot->key.store(record->modem.mac.value | kUsed);
    slot->seen.store(record->seen.get());
    slot->record.store(record);
    ++keys_;
  }
  slots_.store(after.release());
  retire(old_slots_, before);
}

template <typename T>
void ModemTable::retire(std::vector<std::pair<std::uint64_t, std::unique_ptr<const T>>>& list, const T* what) {
  list.emplace_back(epoch_.fetch_add(1), std::unique_ptr<const T>(what));
  reclaim();
}

void ModemTable::reclaim() {
  std::uint64_t earliest = std::numeric_limits<std::uint64_t>::max();
  {
    const std::lock_guard hold(readers_mutex_);
    for (const Reader* reader : readers_) {
      const std::uint64_t at = reader->at_.load();
      if (at != 0) earliest = std::min(earliest, at);
    }
  }
  const auto free = [earliest](auto& list) { std::erase_if(list, [earliest](const auto& old) { return old.first < earliest; }); };
  free(old_records_);
  free(old_slots_);
}

void ModemTable::collect(const std::function<void(const Sighting&)>& use) {
  std::vector<Reader*> readers;
  {
    const std::lock_guard hold(readers_mutex_);
    readers = readers_;
  }
  for (Reader* reader : readers) {
    // Not what comes meanwhile, or it would go on for as long as modems boot.
    for (std::size_t left = reader->sightings_.size(); left > 0; --left) {
      const Sighting* sighting = reader->sightings_.front();
      if (sighting == nullptr) break;
      use(*sighting);
      reader->sightings_.pop();
    }
  }
  reclaim();
}

const ModemTable::Record* ModemTable::next(std::size_t& place) const noexcept {
  const Slots& slots = *slots_.load();
  while (place <= slots.mask) {
    const Record* record = slots.slots[place++].record.load();
    if (record != nullptr) return record;
  }
  place = 0;
  return nullptr;
}

std::uint64_t ModemTable::lost() const noexcept {
  const std::lock_guard hold(readers_mutex_);
  std::uint64_t lost = 0;
  for (const Reader* reader : readers_) lost += reader->lost();
  return lost;
}

std::uint64_t ModemTable::hash_of(std::string_view text) const noexcept { return hash_bytes(seed_, as_bytes(text)); }

ModemTable::Reader::Reader(ModemTable& table) : table_(table) {
  const std::lock_guard hold(table.readers_mutex_);
  table.readers_.push_back(this);
}

ModemTable::Reader::~Reader() {
  const std::lock_guard hold(table_.readers_mutex_);
  std::erase(table_.readers_, this);
}

void ModemTable::Reader::note_dhcp(Mac mac, WallSeconds now, const wire::DeviceSays& said, bool vouched) noexcept {
  const Texts texts = {as_text(said.vendor_class).substr(0, kLongest), as_text(said.vendor_options).substr(0, kLongest),
                       as_text(said.capabilities).substr(0, kLongest)};
  bool known = false, news = false;
  {
    const Visit visit(*this);
    if (Seen* seen = table_.seen_of(mac)) {
      known = true;
      // The REQUEST of the second in which it sent the DISCOVER says nothing new.
      if (!move_on(seen->dhcp, to_stored(now))) return;
      seen->to_be_stored.store(true, std::memory_order_release);  // pairs with Modems::store_seen(): the time is there
      // A renewal may say less than a boot: what is not said has not changed.
      for (std::size_t i = 0; i < texts.size(); ++i)
        news = news || (!texts[i].empty() && seen->said[i].load(std::memory_order_relaxed) != table_.hash_of(texts[i]));
    }
  }
  if (known ? news : vouched) report(Sighting::Kind::dhcp, mac, now, texts);
}

void ModemTable::Reader::note_file(Mac mac, WallSeconds now, std::string_view name) noexcept {
  const Texts texts = {name.substr(0, kLongest), {}, {}};
  bool news = false;
  {
    const Visit visit(*this);
    if (Seen* seen = table_.seen_of(mac)) {
      move_on(seen->file, to_stored(now));
      seen->to_be_stored.store(true, std::memory_order_release);  // pairs with Modems::store_seen(): the time is there
      news = seen->file_name.load(std::memory_order_relaxed) != table_.hash_of(texts[0]);
    }
  }
  if (news) report(Sighting::Kind::file, mac, now, texts);
}

void ModemTable::Reader::report(Sighting::Kind kind, Mac mac, WallSeconds now, const Texts& texts) noexcept {
  Sighting* sighting = sightings_.reserve();
  if (sighting == nullptr) {
    lost_.store(lost_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    return;
  }
  sighting->kind = kind;
  sighting->mac = mac;
  sighting->at = now;
  auto end = sighting->octets.begin();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    sighting->sizes[i] = static_cast<std::uint8_t>(texts[i].size());
    end = std::ranges::copy(texts[i], end).out;
  }
  sightings_.push();
}

}  // namespace coaxd::subscriber
