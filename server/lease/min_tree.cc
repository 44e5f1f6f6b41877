// The protocol. Call E the entry of a node's parent level and C its 16 children. Whoever changes a child calls settle() on the node
// afterwards, which repeats "read E, read all of C; stop if E is their best, else CAS E" until it stops; whoever changed E has then
// changed a child of the next node, and calls settle() there. All these accesses are seq_cst, so there is one order S of them all.
//
// Claim: when no call runs any more, E is the best of C. Take W, the last write to E, by thread T, and x, the last write to any child,
// by thread U.
//   x after W in S: U settles after x; in the round in which it stops it reads E as W left it and every child as it is for ever, and
//     it stops only if they agree.
//   x before W: T goes round once more after W; in the round in which it stops it reads every child as it is for ever, and E as W
//     left it.
// If E was never written, U's last round is the only witness needed. So one level is right, and since every change of E is a
// change of a child one level up, so are all of them. (A value that comes back, ABA, does no harm: nothing above asks how E got
// its value.) A round repeats only because some other call changed something: the tree is lock-free.
//
// In between a parent may promise what its children do not hold any more, because its owner was interrupted. A reader that meets that
// settles the node itself and starts again, so nobody waits for anybody. A parent that promises too little is only a missed
// hint: the setter has not returned yet.
#include "server/lease/min_tree.h"

#include "server/base/assert.h"

namespace coaxd::lease {

MinTree::MinTree(std::uint32_t leaves) : leaves_(leaves) {
  std::size_t entries = 0;
  for (std::uint32_t n = leaves;;) {
    const std::uint32_t nodes = n == 0 ? 1 : (n - 1) / kFanOut + 1;
    nodes_.push_back(nodes);
    entries += std::size_t{nodes} * kFanOut;
    if (nodes == 1) break;
    n = nodes;
  }
  memory_.resize(entries * sizeof(Entry));
  memory_.populate();
  Entry* level = memory_.as<Entry>();
  for (const std::uint32_t nodes : nodes_) {
    levels_.push_back(level);
    level += std::size_t{nodes} * kFanOut;
  }
}

MinTree::Best MinTree::best_of(std::size_t level, std::uint32_t node) const noexcept {
  const Entry* children = levels_[level] + std::size_t{node} * kFanOut;
  Best best{children[0].load(), 0};
  for (std::uint32_t i = 1; i < kFanOut; ++i) {
    const std::uint32_t entry = children[i].load();
    if (entry > best.entry) best = {entry, i};
  }
  best.child += node * kFanOut;
  return best;
}

bool MinTree::settle(std::size_t level, std::uint32_t node) const noexcept {
  Entry& parent = levels_[level + 1][node];
  bool changed = false;
  for (;;) {
    std::uint32_t promised = parent.load();
    const std::uint32_t held = best_of(level, node).entry;
    if (promised == held) return changed;
    if (parent.compare_exchange_strong(promised, held)) changed = true;
  }
}

void MinTree::climb(std::size_t level, std::uint32_t index) const noexcept {
  for (; level + 1 < levels_.size(); ++level) {
    index /= kFanOut;
    if (!settle(level, index)) return;
  }
}

void MinTree::set(std::uint32_t leaf, std::uint32_t key) noexcept {
  COAXD_ASSERT(leaf < leaves_);
  levels_[0][leaf].store(~key);
  climb(0, leaf);
}

std::uint32_t MinTree::get(std::uint32_t leaf) const noexcept {
  COAXD_ASSERT(leaf < leaves_);
  return ~levels_[0][leaf].load();
}

std::uint32_t MinTree::min_key() const noexcept { return ~best_of(levels_.size() - 1, 0).entry; }

std::uint32_t MinTree::min_index() const noexcept {
  for (;;) {
    std::size_t level = levels_.size() - 1;
    Best best = best_of(level, 0);
    if (best.entry == ~kNone) return kNone;
    while (level > 0) {
      const Best below = best_of(level - 1, best.child);
      if (below.entry < best.entry) break;  // the promise is stale
      best = below;
      --level;
    }
    if (level == 0) return best.child;
    if (settle(level - 1, best.child)) climb(level, best.child);
  }
}

std::uint32_t MinTree::next_at_most(std::uint32_t from, std::uint32_t key) const noexcept {
  COAXD_ASSERT(key != kNone);
  return from >= leaves_ ? kNone : first_with(~key, from, levels_.size() - 1, 0);
}

// Under a node, the first leaf at or after `from` with at least that entry. A parent's stale promise costs one look at its children.
std::uint32_t MinTree::first_with(std::uint32_t entry, std::uint32_t from, std::size_t level, std::uint32_t node) const noexcept {
  std::uint64_t leaves_each = 1;
  for (std::size_t l = 0; l < level; ++l) leaves_each *= kFanOut;
  for (std::uint32_t child = node * kFanOut; child < (node + 1) * kFanOut; ++child) {
    if ((child + std::uint64_t{1}) * leaves_each <= from || levels_[level][child].load() < entry) continue;
    const std::uint32_t leaf = level == 0 ? child : first_with(entry, from, level - 1, child);
    if (leaf != kNone) return leaf;
  }
  return kNone;
}

void MinTree::load(std::uint32_t leaf, std::uint32_t key) noexcept {
  COAXD_ASSERT(leaf < leaves_);
  Entry& entry = levels_[0][leaf];
  if (entry.load(std::memory_order_relaxed) != ~key) entry.store(~key, std::memory_order_relaxed);  // touch no page in vain
}

void MinTree::build() noexcept {
  for (std::size_t level = 0; level + 1 < levels_.size(); ++level)
    for (std::uint32_t node = 0; node < nodes_[level]; ++node)
      levels_[level + 1][node].store(best_of(level, node).entry, std::memory_order_relaxed);
}

bool MinTree::consistent() const noexcept {
  for (std::size_t level = 0; level + 1 < levels_.size(); ++level)
    for (std::uint32_t node = 0; node < nodes_[level]; ++node)
      if (levels_[level + 1][node].load() != best_of(level, node).entry) return false;
  return true;
}

}  // namespace coaxd::lease
