// histogram.h: latencies counted in buckets of fixed relative width, so that ten thousand or ten billion samples cost the
// same memory and a percentile is never off by more than 1/128. Single thread; merge() joins two.
// The idea is that of HdrHistogram (log-linear buckets); the code is our own.
#pragma once

#include <array>
#include <cstdint>

namespace coaxd::storm {

class Histogram {
 public:
  // Values are nanoseconds; what is negative counts as 0 and what passes the end (18 minutes) as the end.
  void record(std::int64_t ns) noexcept;
  void merge(const Histogram& other) noexcept;
  void clear() noexcept { *this = Histogram{}; }

  std::uint64_t count() const noexcept { return count_; }
  std::int64_t max() const noexcept { return max_; }
  double mean() const noexcept;
  // The smallest bucket's upper end that at least `quantile` (0..1) of all samples do not pass, and never more than max().
  std::int64_t percentile(double quantile) const noexcept;

 private:
  static constexpr unsigned kSubBits = 7;  // 128 buckets an octave: relative error under 1/128
  static constexpr unsigned kOctaves = 40 - kSubBits;
  static constexpr std::uint64_t kSubBuckets = std::uint64_t{1} << kSubBits;
  static constexpr std::size_t kBuckets = (kOctaves + 1) * kSubBuckets;

  static std::size_t bucket_of(std::uint64_t value) noexcept;
  static std::uint64_t upper_end(std::size_t bucket) noexcept;

  std::array<std::uint64_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
  std::int64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace coaxd::storm
