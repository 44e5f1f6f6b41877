#include "server/provision/compiled_files.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "docsis/file.h"
#include "server/base/assert.h"

namespace coaxd::provision {
namespace {

constexpr std::uint8_t kTimestampCode = 19, kModemAddressCode = 20;
constexpr std::uint32_t kNoValue = 0xffffffff;

template <typename T>
void append_raw(T value, std::string& out) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

bool is_dynamic(const docsis::Dynamic& dynamic) noexcept { return dynamic.timestamp || dynamic.modem_address; }

}  // namespace

// Template, what of the order is in the octets, and each variable's size and text: no two orders that differ have the same.
void CompiledFiles::make_key(const Order& order, const Lookup& lookup) {
  key_.clear();
  values_.clear();
  append_raw(order.from.id, key_);
  if (order.from.text.kind() == docsis::FileKind::mta) append_raw(order.hash, key_);
  else {
    append_raw(std::uint8_t(order.dynamic.timestamp.has_value() | order.dynamic.modem_address.has_value() << 1), key_);
    append_raw(is_dynamic(order.dynamic) ? 0 : order.key.id(), key_);  // else the seal comes later
  }
  for (const std::string& name : order.from.text.variables()) {
    const std::size_t at = key_.size();
    append_raw(kNoValue, key_);
    const std::size_t first = key_.size();
    if (!lookup(name, key_)) {
      values_.emplace_back(0, kNoValue);
      continue;
    }
    const auto size = static_cast<std::uint32_t>(key_.size() - first);
    std::memcpy(&key_[at], &size, sizeof size);
    values_.emplace_back(static_cast<std::uint32_t>(first), size);
  }
}

std::expected<void, docsis::Problems> CompiledFiles::compile(const Order& order) {
  const std::vector<std::string>& names = order.from.text.variables();
  const docsis::Variables variables = [&](std::string_view name) -> std::optional<std::string_view> {
    const auto at = static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
    if (at == names.size() || values_[at].second == kNoValue) return std::nullopt;
    return std::string_view(key_).substr(values_[at].first, values_[at].second);
  };
  if (order.from.text.kind() == docsis::FileKind::mta) return compiler_.compile_mta(order.from.text, variables, order.hash, out_);
  return compiler_.compile(order.from.text, variables, order.dynamic, order.key.seal(), out_);
}

std::expected<std::shared_ptr<const tftp::Contents>, docsis::Problems> CompiledFiles::sealed(const Entry& entry, const Order& order) const {
  docsis::Octets file;
  file.reserve(entry.tlvs.size() + 2 * (2 + docsis::kMicOctets) + 4);
  file = entry.tlvs;
  if (entry.timestamp_at != 0) store_be32(&file[entry.timestamp_at], *order.dynamic.timestamp);
  if (entry.address_at != 0) store_be32(&file[entry.address_at], *order.dynamic.modem_address);
  if (auto done = docsis::seal_tlvs(file, 0, order.key.seal()); !done) return std::unexpected(std::move(done.error()));
  return std::make_shared<const tftp::MemoryContents>(std::move(file));
}

std::expected<std::shared_ptr<const tftp::Contents>, docsis::Problems> CompiledFiles::make(const Order& order, const Lookup& lookup) {
  make_key(order, lookup);
  if (const auto known = by_key_.find(key_); known != by_key_.end()) {
    counters_.cache_hits.add();
    entries_.splice(entries_.begin(), entries_, known->second);
    if (known->second->whole) return known->second->whole;
    return sealed(*known->second, order);
  }

  if (auto done = compile(order); !done) return std::unexpected(std::move(done.error()));
  counters_.compiles.add();
  auto contents = std::make_shared<const tftp::MemoryContents>(out_);
  Entry entry{.key = key_, .whole = nullptr, .tlvs = {}};
  if (order.from.text.kind() == docsis::FileKind::mta || !is_dynamic(order.dynamic)) {
    entry.whole = contents;
  } else {
    docsis::Item item{};
    std::size_t at = 0;
    while (docsis::next_item(out_, at, docsis::Length64::one_octet, item) && item.code != docsis::kCmMicCode) {
      if (item.size != item.header + 4u) continue;
      if (item.code == kTimestampCode && order.dynamic.timestamp) entry.timestamp_at = item.at + item.header;
      if (item.code == kModemAddressCode && order.dynamic.modem_address) entry.address_at = item.at + item.header;
    }
    COAXD_ASSERT(item.code == docsis::kCmMicCode);
    entry.tlvs.assign(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(item.at));
  }
  remember(std::move(entry));
  return contents;
}

void CompiledFiles::remember(Entry entry) {
  const std::size_t cost = entry.cost();
  if (cost > most_) return;
  while (octets_ + cost > most_) {
    const auto victim = std::prev(entries_.end());
    octets_ -= victim->cost();
    by_key_.erase(victim->key);
    entries_.erase(victim);
  }
  entries_.push_front(std::move(entry));
  by_key_.emplace(entries_.front().key, entries_.begin());
  octets_ += cost;
  counters_.cache_octets.set(octets_);
}

}  // namespace coaxd::provision
