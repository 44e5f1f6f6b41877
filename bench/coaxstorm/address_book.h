// address_book.h: which client holds which address, as far as the generator was told by ACKs. It is what finds an address
// that two clients were given. Sized once for the number of clients; every operation is O(1). Single thread.
#pragma once

#include <cstdint>
#include <vector>

#include "server/base/ipv4.h"

namespace coaxd::storm {

inline constexpr std::uint32_t kNobody = 0xffffffff;

class AddressBook {
 public:
  // Room for `clients` addresses at no more than two thirds full.
  explicit AddressBook(std::size_t clients);

  std::uint32_t holder(Ipv4 address) const noexcept;  // kNobody if free
  // `address` is not 0.0.0.0, the mark of an empty place. Whoever held it before no longer does.
  void give(Ipv4 address, std::uint32_t client) noexcept;
  void take_back(Ipv4 address) noexcept;
  std::size_t size() const noexcept { return size_; }
  // Fetches from memory what the others will look at.
  void prefetch(Ipv4 address) const noexcept { __builtin_prefetch(&entries_[home(address)], 1); }

 private:
  struct Entry {
    Ipv4 address;
    std::uint32_t client = kNobody;
  };

  std::size_t home(Ipv4 address) const noexcept;
  std::size_t find(Ipv4 address) const noexcept;  // its place, or the empty one where it would go

  unsigned shift_;
  std::size_t mask_;
  std::size_t size_ = 0;
  std::vector<Entry> entries_;
};

}  // namespace coaxd::storm
