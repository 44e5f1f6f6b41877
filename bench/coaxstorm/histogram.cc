#include "bench/coaxstorm/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace coaxd::storm {

// The first octave (values under 128) has one bucket a value. From there the top bit chooses the octave, and the seven bits
// below it the bucket.
std::size_t Histogram::bucket_of(std::uint64_t value) noexcept {
  const auto width = static_cast<unsigned>(std::bit_width(value));
  if (width <= kSubBits) return value;
  const unsigned octave = width - kSubBits;
  const std::uint64_t sub = (value >> (octave - 1)) & (kSubBuckets - 1);
  return std::min<std::size_t>(octave * kSubBuckets + sub, kBuckets - 1);
}

std::uint64_t Histogram::upper_end(std::size_t bucket) noexcept {
  const std::uint64_t octave = bucket / kSubBuckets;
  const std::uint64_t sub = bucket % kSubBuckets;
  if (octave == 0) return sub;
  return ((kSubBuckets + sub + 1) << (octave - 1)) - 1;
}

void Histogram::record(std::int64_t ns) noexcept {
  const std::int64_t value = std::max<std::int64_t>(ns, 0);
  ++buckets_[bucket_of(static_cast<std::uint64_t>(value))];
  ++count_;
  max_ = std::max(max_, value);
  sum_ += static_cast<double>(value);
}

void Histogram::merge(const Histogram& other) noexcept {
  for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
}

double Histogram::mean() const noexcept {
  return count_ == 0 ? 0.0 : sum_ / static_cast<double>(count_);
}

std::int64_t Histogram::percentile(double quantile) const noexcept {
  const double wanted = std::ceil(std::clamp(quantile, 0.0, 1.0) * static_cast<double>(count_));
  const auto rank = std::max<std::uint64_t>(static_cast<std::uint64_t>(wanted), 1);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += buckets_[i];
    if (seen >= rank) return std::min(static_cast<std::int64_t>(upper_end(i)), max_);
  }
  return max_;
}

}  // namespace coaxd::storm
