#include "bench/coaxstorm/address_book.h"

#include <bit>

#include "server/base/assert.h"

namespace coaxd::storm {

AddressBook::AddressBook(std::size_t clients)
    : mask_(std::bit_ceil(clients + clients / 2 + 2) - 1), entries_(mask_ + 1) {
  shift_ = 64 - static_cast<unsigned>(std::bit_width(mask_));
}

// Fibonacci hashing: neighbouring addresses, which is what a pool is made of, land far from each other.
std::size_t AddressBook::home(Ipv4 address) const noexcept {
  return static_cast<std::size_t>((address.value * 0x9e3779b97f4a7c15ULL) >> shift_);
}

std::size_t AddressBook::find(Ipv4 address) const noexcept {
  std::size_t place = home(address);
  while (!entries_[place].address.is_zero() && entries_[place].address != address) {
    place = (place + 1) & mask_;
  }
  return place;
}

std::uint32_t AddressBook::holder(Ipv4 address) const noexcept {
  return entries_[find(address)].client;
}

void AddressBook::give(Ipv4 address, std::uint32_t client) noexcept {
  COAXD_ASSERT(!address.is_zero());
  Entry& entry = entries_[find(address)];
  if (entry.address.is_zero()) ++size_;
  // One address a client, so at least a third of the places stay empty and find() always ends.
  COAXD_ASSERT(size_ <= mask_);
  entry = {address, client};
}

// Linear probing without tombstones: entries behind the gap that may stand in it move up.
void AddressBook::take_back(Ipv4 address) noexcept {
  std::size_t gap = find(address);
  if (entries_[gap].address.is_zero()) return;
  --size_;
  for (std::size_t next = (gap + 1) & mask_; !entries_[next].address.is_zero();
       next = (next + 1) & mask_) {
    const std::size_t distance = (next - home(entries_[next].address)) & mask_;
    if (distance < ((next - gap) & mask_)) continue;
    entries_[gap] = entries_[next];
    gap = next;
  }
  entries_[gap] = {};
}

}  // namespace coaxd::storm
