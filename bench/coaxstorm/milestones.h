// milestones.h: how long it took until 50, 90, 99 and 100 % of a known number were there. A value; single thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace coaxd::storm {

class Milestones {
 public:
  static constexpr std::array<std::uint32_t, 4> kPercents{50, 90, 99, 100};

  Milestones() noexcept = default;
  explicit Milestones(std::uint64_t total) noexcept : total_(total) {}

  // One more is there, `after_ns` from the start; does not run backwards.
  void add(std::int64_t after_ns) noexcept {
    ++count_;
    while (reached_ < kPercents.size() && count_ * 100 >= total_ * kPercents[reached_]) after_ns_[reached_++] = after_ns;
  }
  // Nothing if it has not come to that.
  std::optional<std::int64_t> after_ns(std::size_t milestone) const noexcept {
    return milestone < reached_ ? std::optional{after_ns_[milestone]} : std::nullopt;
  }
  std::uint64_t total() const noexcept { return total_; }  // 0: nothing to wait for
  std::uint64_t count() const noexcept { return count_; }

 private:
  std::uint64_t total_ = 0, count_ = 0;
  std::size_t reached_ = 0;
  std::array<std::int64_t, kPercents.size()> after_ns_{};
};

}  // namespace coaxd::storm
