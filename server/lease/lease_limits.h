// lease_limits.h: `lease limit N` of classes and subclasses: how many leases are billed to each, over all workers. A lock-free table
// of counters keyed by class and subclass data (a spawned subclass is nothing but its data), sized at start; a key whose count is
// zero gives its place back. Any thread. Source: dhcpd-compat §3.6, §9.9.
#pragma once

#include <cstdint>
#include <memory>

#include "server/base/bytes.h"
#include "server/base/hash.h"

namespace coaxd::lease {

class LeaseLimits {
 public:
  // `capacity`: most (sub)classes with at least one billed lease; at least the number of addresses is always enough.
  LeaseLimits(HashSeed seed, std::size_t capacity);
  ~LeaseLimits();

  using Key = std::uint64_t;  // never 0
  Key key(std::uint32_t class_index_or_name_hash, Bytes subclass_data) const noexcept;
  Key key(std::string_view class_name, Bytes subclass_data) const noexcept;

  // One more lease for this key unless it has `limit` already (or the table is full: false as well, counted by the caller).
  bool acquire(Key key, std::uint32_t limit) noexcept;
  void release(Key key) noexcept;
  // Recovery: counts without a limit.
  void restore(Key key) noexcept;
  std::uint32_t count(Key key) const noexcept;
  // Start and reload barrier only: forget everything (the table is refilled from the leases).
  void clear() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace coaxd::lease
