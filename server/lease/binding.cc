#include "server/lease/binding.h"

#include <algorithm>

#include "server/base/assert.h"

namespace coaxd::lease {

namespace {

// Code 7 of RFC 6926 §6.2.7 is REMOTE, "available to a remote server": what a backup address is to the primary. A secondary sees
// free and backup the other way round, and says so itself.
constexpr std::array<BindingStateRow, static_cast<std::size_t>(BindingState::count)> kStates{{
    // state                    word         RFC 6926  failover
    {BindingState::free, "free", 1, 1},
    {BindingState::active, "active", 2, 2},
    {BindingState::expired, "expired", 3, 3},
    {BindingState::released, "released", 4, 4},
    {BindingState::abandoned, "abandoned", 5, 5},
    {BindingState::reset, "reset", 6, 6},
    {BindingState::backup, "backup", 7, 7},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kStates.size(); ++i)
    if (static_cast<std::size_t>(kStates[i].state) != i) return false;
  return true;
}
static_assert(in_order(), "row_of() indexes by state");

// One item of the packed area: Item u8, length u16 little endian, octets.
constexpr std::size_t kItemHeader = 3;

std::size_t length_at(const std::uint8_t* item) noexcept {
  return static_cast<std::size_t>(item[1] | (item[2] << 8));
}

// Where `item` begins, or where it would have to be put; the area is well-formed.
std::size_t position_of(Item item, Bytes area) noexcept {
  std::size_t at = 0;
  while (at < area.size() && area[at] < static_cast<std::uint8_t>(item))
    at += kItemHeader + length_at(&area[at]);
  return at;
}

bool well_formed(Bytes area) noexcept {
  std::uint8_t last = 0;
  for (std::size_t at = 0; at < area.size();) {
    if (area.size() - at < kItemHeader || area[at] <= last) return false;
    last = area[at];
    const std::size_t length = length_at(&area[at]);
    at += kItemHeader;
    if (length == 0 || length > area.size() - at) return false;
    at += length;
  }
  return true;
}

}  // namespace

const BindingStateRow& row_of(BindingState state) noexcept {
  COAXD_ASSERT(state < BindingState::count);
  return kStates[static_cast<std::size_t>(state)];
}

const BindingStateRow* state_by_word(std::string_view word) noexcept {
  const auto row = std::ranges::find(kStates, word, &BindingStateRow::word);
  return row == kStates.end() ? nullptr : &*row;
}

StoredTime to_stored(WallSeconds time) noexcept {
  return static_cast<StoredTime>(std::clamp<WallSeconds>(time, 0, kStoredNever));
}

void Binding::set_hardware(std::uint8_t type, Bytes address) noexcept {
  htype = type;
  hlen = static_cast<std::uint8_t>(std::min(address.size(), chaddr.size()));
  chaddr = {};
  std::ranges::copy(address.first(hlen), chaddr.begin());
}

Bytes Binding::get(Item item) const noexcept {
  const Bytes area = packed();
  const std::size_t at = position_of(item, area);
  if (at == area.size() || area[at] != static_cast<std::uint8_t>(item)) return {};
  return area.subspan(at + kItemHeader, length_at(&area[at]));
}

bool Binding::has(Item item) const noexcept { return !get(item).empty(); }

bool Binding::set(Item item, Bytes value) noexcept {
  // A view into this very area would be moved away under us.
  COAXD_ASSERT(value.data() + value.size() <= variable_.data() ||
               value.data() >= variable_.data() + variable_.size() || value.empty());
  const std::size_t at = position_of(item, packed());
  const Bytes old = get(item);
  const std::size_t old_size = old.empty() ? 0 : kItemHeader + old.size();
  const std::size_t new_size = value.empty() ? 0 : kItemHeader + value.size();
  if (new_size > kVariableCapacity || variable_size_ - old_size + new_size > kVariableCapacity) return false;

  std::uint8_t* place = variable_.data() + at;
  std::memmove(place + new_size, place + old_size, variable_size_ - at - old_size);
  if (new_size > 0) {
    place[0] = static_cast<std::uint8_t>(item);
    place[1] = static_cast<std::uint8_t>(value.size());
    place[2] = static_cast<std::uint8_t>(value.size() >> 8);
    std::memcpy(place + kItemHeader, value.data(), value.size());
  }
  variable_size_ = static_cast<std::uint16_t>(variable_size_ - old_size + new_size);
  return true;
}

bool Binding::set_packed(Bytes area) noexcept {
  // Items of a number we do not know are kept: a later version wrote them, and may read them again.
  if (area.size() > kVariableCapacity || !well_formed(area)) return false;
  if (!area.empty()) std::memmove(variable_.data(), area.data(), area.size());
  variable_size_ = static_cast<std::uint16_t>(area.size());
  return true;
}

bool Binding::ever_used() const noexcept {
  return hlen > 0 || has(Item::client_id) || has(Item::failover) || state != BindingState::free;
}

bool Binding::operator==(const Binding& other) const noexcept {
  return state == other.state && next_state == other.next_state && rewind_state == other.rewind_state &&
         flags == other.flags && htype == other.htype && hlen == other.hlen && chaddr == other.chaddr &&
         starts == other.starts && ends == other.ends && cltt == other.cltt && tstp == other.tstp &&
         equal(packed(), other.packed());
}

}  // namespace coaxd::lease
