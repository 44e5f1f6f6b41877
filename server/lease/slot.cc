#include "server/lease/slot.h"

#include <algorithm>

namespace coaxd::lease {

namespace {

constexpr std::uint32_t kInlineWithLink = Slot::kInlineOctets - 8;

std::uint32_t chunks_for(std::uint32_t octets) noexcept {
  if (octets <= Slot::kInlineOctets) return 0;
  return (octets - kInlineWithLink + kChunkOctets - 1) / kChunkOctets;
}

std::uint32_t words_for(std::uint32_t octets) noexcept { return (octets + 7) / 8; }

std::uint64_t pair(std::uint32_t low, std::uint32_t high) noexcept { return (std::uint64_t{high} << 32) | low; }

}  // namespace

Bytes Payload::client_id() const noexcept {
  // The lowest item number stands first in the packed area (binding.cc).
  const Bytes area = packed();
  if (area.size() < 3 || area[0] != static_cast<std::uint8_t>(Item::client_id)) return {};
  return area.subspan(3, static_cast<std::size_t>(area[1] | (area[2] << 8)));
}

void Payload::to_binding(Binding& out) const noexcept {
  out.state = state();
  out.next_state = static_cast<BindingState>(fixed_[0] >> 8 & 0xff);
  out.rewind_state = static_cast<BindingState>(fixed_[0] >> 16 & 0xff);
  out.flags = static_cast<std::uint8_t>(fixed_[0] >> 24);
  out.set_hardware(htype(), hardware());
  out.starts = static_cast<StoredTime>(fixed_[1]);
  out.ends = ends();
  out.cltt = static_cast<StoredTime>(fixed_[2]);
  out.tstp = static_cast<StoredTime>(fixed_[2] >> 32);
  const bool well_formed = out.set_packed(packed());
  COAXD_ASSERT(well_formed);
}

SlotWord Slot::read(const OverflowSlab& overflow, Payload& out) const noexcept {
  // A commit takes some 50 ns; that anybody waits for one at all is rare.
  for (unsigned attempt = 0;; ++attempt, wait_a_moment(attempt)) {
    const std::uint64_t before = word_.load(std::memory_order_acquire);  // pairs with publish()
    if ((before & kWriting) != 0 || !copy_payload(overflow, out)) continue;
    // relaxed: copy_payload()'s acquires keep it behind them.
    if (word_.load(std::memory_order_relaxed) == before) return {before ^ kVirgin};
  }
}

// False when what was read cannot be a payload: somebody is writing.
bool Slot::copy_payload(const OverflowSlab& overflow, Payload& out) const noexcept {
  out.offer_ = offer();
  for (int i = 0; i < 3; ++i) out.fixed_[i] = fixed_[i].load(std::memory_order_acquire);
  const std::uint32_t octets = out.stream_size();
  if (octets > kStreamCapacity) return false;

  const bool spills = octets > kInlineOctets;
  const std::uint32_t here = spills ? kStreamWords - 1 : words_for(octets);
  for (std::uint32_t i = 0; i < here; ++i) out.stream_[i] = stream_[i].load(std::memory_order_acquire);
  if (!spills) return true;

  std::uint64_t link = stream_[kStreamWords - 1].load(std::memory_order_acquire);
  std::uint64_t* to = out.stream_ + here;
  for (std::uint32_t chunks = chunks_for(octets); chunks > 0; --chunks) {
    if (!overflow.contains(link)) return false;
    const Word* chunk = overflow.node(static_cast<std::uint32_t>(link));
    for (std::uint32_t i = 1; i < kChunkWords; ++i) *to++ = chunk[i].load(std::memory_order_acquire);
    link = static_cast<std::uint32_t>(chunk[0].load(std::memory_order_acquire));
  }
  return true;
}

void Slot::write(const Binding& binding, OverflowSlab& overflow) noexcept {
  const std::uint64_t old = fixed_[0].load(std::memory_order_relaxed);
  const auto old_octets = static_cast<std::uint32_t>((old >> 40 & 0xff) + (old >> 48));

  const Bytes packed = binding.packed();
  std::array<std::uint64_t, kStreamCapacity / 8 + kChunkWords> words;
  const std::uint32_t octets = binding.hlen + static_cast<std::uint32_t>(packed.size());
  const std::uint32_t used = words_for(octets);
  if (used > 0) words[used - 1] = 0;  // no stale octets after the end
  auto* stream = reinterpret_cast<std::uint8_t*>(words.data());
  std::copy_n(binding.chaddr.begin(), binding.hlen, stream);
  std::ranges::copy(packed, stream + binding.hlen);

  // relaxed: whoever sees one of the stores below sees this one before it.
  word_.store(word_.load(std::memory_order_relaxed) | kWriting, std::memory_order_relaxed);
  const std::uint64_t head = static_cast<std::uint64_t>(binding.state) |
                             static_cast<std::uint64_t>(binding.next_state) << 8 |
                             static_cast<std::uint64_t>(binding.rewind_state) << 16 |
                             static_cast<std::uint64_t>(binding.flags) << 24 |
                             static_cast<std::uint64_t>(binding.htype) << 32 |
                             static_cast<std::uint64_t>(binding.hlen) << 40 |
                             static_cast<std::uint64_t>(packed.size()) << 48;
  set_offer(0);
  fixed_[0].store(head, std::memory_order_release);
  fixed_[1].store(pair(binding.starts, binding.ends), std::memory_order_release);
  fixed_[2].store(pair(binding.cltt, binding.tstp), std::memory_order_release);
  store_stream(words.data(), octets, old_octets, overflow);
}

void Slot::store_stream(const std::uint64_t* words, std::uint32_t octets, std::uint32_t old_octets,
                        OverflowSlab& overflow) noexcept {
  // The old chain is kept as far as it is needed; what is missing is allocated, what is too much goes back.
  std::uint32_t chain[kMaxChunks + 1] = {};
  const std::uint32_t had = chunks_for(old_octets);
  std::uint64_t link = had > 0 ? stream_[kStreamWords - 1].load(std::memory_order_relaxed) : 0;
  for (std::uint32_t i = 0; i < had; ++i) {
    chain[i] = static_cast<std::uint32_t>(link);
    link = static_cast<std::uint32_t>(overflow.node(chain[i])[0].load(std::memory_order_relaxed));
  }
  const std::uint32_t need = chunks_for(octets);
  for (std::uint32_t i = had; i < need; ++i) {
    chain[i] = overflow.allocate();
    COAXD_ASSERT(chain[i] != OverflowSlab::kNone);  // kMaxChunks for each address
  }
  for (std::uint32_t i = need; i < had; ++i) overflow.release(chain[i]);
  chain[need] = OverflowSlab::kNone;

  const std::uint32_t here = need > 0 ? kStreamWords - 1 : words_for(octets);
  for (std::uint32_t i = 0; i < here; ++i) stream_[i].store(words[i], std::memory_order_release);
  if (need == 0) return;
  stream_[kStreamWords - 1].store(chain[0], std::memory_order_release);
  std::uint32_t at = here;
  const std::uint32_t end = words_for(octets);
  for (std::uint32_t c = 0; c < need; ++c) {
    Word* chunk = overflow.node(chain[c]);
    for (std::uint32_t i = 1; i < kChunkWords && at < end; ++i, ++at)
      chunk[i].store(words[at], std::memory_order_release);
    chunk[0].store(chain[c + 1], std::memory_order_release);
  }
}

}  // namespace coaxd::lease
