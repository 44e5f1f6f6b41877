// A key has one bucket; a bucket is a short immutable list of (key, count) nodes, and every change makes new nodes and swings the
// bucket's head to them by CAS. So each acquire() and release() takes effect at one CAS, over the whole of its bucket: two threads
// that bring the same key at the same time cannot both add it, and a count cannot pass its limit. That a CAS fails means that
// another one succeeded: lock-free.
//
// The head carries a tag, changed by every CAS. A reader copies the list and looks at the head again: the same means that the copy is
// what the bucket held, for nodes of a list are only given back after its head has gone. (acquire loads of nodes pair with the
// release stores of their next writer, as in slot.h, so the second look is behind the first.)
#include "server/lease/lease_limits.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "server/base/assert.h"
#include "server/base/atomic.h"
#include "server/lease/mapped_memory.h"
#include "server/lease/slab.h"

namespace coaxd::lease {

namespace {

// At least as many buckets as keys: a list of more than 16 then does not happen (Poisson with mean 1: 1 in 10^15).
constexpr std::uint32_t kMaxList = 16;
// Nodes in the hands of threads that are between allocate() and CAS, or between CAS and release().
constexpr std::uint32_t kInFlight = 1024 * 2 * kMaxList;

struct Entry {
  LeaseLimits::Key key = 0;
  std::uint32_t count = 0;
};

struct List {
  std::uint64_t head = 0;
  std::uint32_t size = 0;
  std::array<Entry, kMaxList> entries;

  Entry* find(LeaseLimits::Key key) noexcept {
    const auto end = entries.begin() + size;
    const auto found = std::find_if(entries.begin(), end, [key](const Entry& e) { return e.key == key; });
    return found == end ? nullptr : &*found;
  }
};

}  // namespace

struct LeaseLimits::Impl {
  using Nodes = Slab<2>;  // key | next 32, count 32 (a free node's link overwrites the key)
  using Head = Atomic<std::uint64_t>;  // tag 32, first node 32

  Impl(HashSeed hash_seed, std::size_t keys)
      : seed(hash_seed),
        capacity(std::max<std::size_t>(keys, 1)),
        bucket_bits(static_cast<unsigned>(std::max(1, static_cast<int>(std::bit_width(capacity - 1))))),
        heads((std::size_t{1} << bucket_bits) * sizeof(Head)),
        nodes(static_cast<std::uint32_t>(capacity + kInFlight)) {
    COAXD_ASSERT(capacity < 0x80000000);
  }

  Head& head_of(Key key) const noexcept { return heads.as<Head>()[key >> (64 - bucket_bits)]; }

  bool try_copy(const Head& head, List& out) const noexcept;
  List copy(Key key) const noexcept;
  bool replace(Key key, const List& old, const Entry& entry) noexcept;
  bool add(Key key, std::uint32_t limit) noexcept;
  void free_chain(std::uint32_t number) noexcept;

  HashSeed seed;
  std::size_t capacity;
  unsigned bucket_bits;
  MappedMemory heads;
  Nodes nodes;
  alignas(64) Atomic<std::size_t> keys_in_use{0};
};

bool LeaseLimits::Impl::try_copy(const Head& head, List& out) const noexcept {
  out.head = head.load(std::memory_order_acquire);  // pairs with replace()
  out.size = 0;
  for (std::uint64_t number = static_cast<std::uint32_t>(out.head); number != Nodes::kNone;) {
    if (!nodes.contains(number) || out.size == kMaxList) break;  // torn, or full: the head tells
    const auto* node = nodes.node(static_cast<std::uint32_t>(number));
    const Key key = node[0].load(std::memory_order_acquire);
    const std::uint64_t rest = node[1].load(std::memory_order_acquire);
    out.entries[out.size++] = {key, static_cast<std::uint32_t>(rest)};
    number = rest >> 32;
  }
  return head.load(std::memory_order_relaxed) == out.head;
}

List LeaseLimits::Impl::copy(Key key) const noexcept {
  List list;
  while (!try_copy(head_of(key), list)) {
  }
  return list;
}

// Makes the bucket hold `old` with `entry` in place of that key's (count 0: without it). False: somebody was faster.
bool LeaseLimits::Impl::replace(Key key, const List& old, const Entry& entry) noexcept {
  std::uint32_t first = Nodes::kNone;
  const auto push = [this, &first](const Entry& e) {
    const std::uint32_t number = nodes.allocate();
    COAXD_ASSERT(number != Nodes::kNone);  // capacity for every key, and kInFlight
    auto* node = nodes.node(number);
    node[0].store(e.key, std::memory_order_release);
    node[1].store(std::uint64_t{first} << 32 | e.count, std::memory_order_release);
    first = number;
  };
  for (std::uint32_t i = 0; i < old.size; ++i)
    if (old.entries[i].key != key) push(old.entries[i]);
  if (entry.count > 0) push(entry);

  std::uint64_t expected = old.head;
  const std::uint64_t next = ((old.head >> 32) + 1) << 32 | first;
  const bool won = head_of(key).compare_exchange_strong(expected, next, std::memory_order_acq_rel,
                                                        std::memory_order_relaxed);
  free_chain(won ? static_cast<std::uint32_t>(old.head) : first);
  return won;
}

void LeaseLimits::Impl::free_chain(std::uint32_t number) noexcept {
  while (number != Nodes::kNone) {
    const auto next = static_cast<std::uint32_t>(nodes.node(number)[1].load(std::memory_order_relaxed) >> 32);
    nodes.release(number);
    number = next;
  }
}

bool LeaseLimits::Impl::add(Key key, std::uint32_t limit) noexcept {
  for (;;) {
    List list = copy(key);
    const Entry* there = list.find(key);
    const std::uint32_t count = there == nullptr ? 0 : there->count;
    if (count >= limit) return false;
    if (there != nullptr) {
      if (replace(key, list, {key, count + 1})) return true;
      continue;
    }
    // A place for a new key is reserved before it is taken, so that nodes cannot run out.
    if (list.size == kMaxList) return false;
    const bool full = keys_in_use.fetch_add(1, std::memory_order_relaxed) >= capacity;
    if (!full && replace(key, list, {key, 1})) return true;
    keys_in_use.fetch_sub(1, std::memory_order_relaxed);
    if (full) return false;
  }
}

LeaseLimits::LeaseLimits(HashSeed seed, std::size_t capacity) : impl_(std::make_unique<Impl>(seed, capacity)) {}
LeaseLimits::~LeaseLimits() = default;

LeaseLimits::Key LeaseLimits::key(std::uint32_t class_index_or_name_hash, Bytes subclass_data) const noexcept {
  // The class goes into the seed: it needs no copy of the data, and no two classes share a key.
  const HashSeed seed{impl_->seed.k0, impl_->seed.k1 ^ (std::uint64_t{class_index_or_name_hash} + 1) << 1};
  return std::max<Key>(1, hash_bytes(seed, subclass_data));
}

LeaseLimits::Key LeaseLimits::key(std::string_view class_name, Bytes subclass_data) const noexcept {
  const HashSeed seed{impl_->seed.k0, impl_->seed.k1 ^ hash_bytes(impl_->seed, as_bytes(class_name))};
  return std::max<Key>(1, hash_bytes(seed, subclass_data));
}

bool LeaseLimits::acquire(Key key, std::uint32_t limit) noexcept { return impl_->add(key, limit); }

void LeaseLimits::restore(Key key) noexcept { impl_->add(key, 0xffffffff); }

void LeaseLimits::release(Key key) noexcept {
  for (;;) {
    List list = impl_->copy(key);
    const Entry* there = list.find(key);
    if (there == nullptr) return;  // acquired when the table was full, or before a clear()
    const std::uint32_t left = there->count - 1;
    if (!impl_->replace(key, list, {key, left})) continue;
    if (left == 0) impl_->keys_in_use.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
}

std::uint32_t LeaseLimits::count(Key key) const noexcept {
  List list = impl_->copy(key);
  const Entry* there = list.find(key);
  return there == nullptr ? 0 : there->count;
}

void LeaseLimits::clear() noexcept { impl_ = std::make_unique<Impl>(impl_->seed, impl_->capacity); }

}  // namespace coaxd::lease
