#include "bench/coaxstorm/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace coaxd::storm {
namespace {

TEST(Histogram, EmptyIsZero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.percentile(0.5), 0);
  EXPECT_EQ(histogram.max(), 0);
  EXPECT_EQ(histogram.mean(), 0.0);
}

TEST(Histogram, SmallValuesAreExact) {
  Histogram histogram;
  for (int value = 1; value <= 100; ++value) histogram.record(value);
  EXPECT_EQ(histogram.percentile(0.5), 50);
  EXPECT_EQ(histogram.percentile(0.99), 99);
  EXPECT_EQ(histogram.percentile(1.0), 100);
  EXPECT_EQ(histogram.percentile(0.0), 1);
  EXPECT_DOUBLE_EQ(histogram.mean(), 50.5);
}

TEST(Histogram, OutOfRangeIsKeptAtTheEnds) {
  Histogram histogram;
  histogram.record(-5);
  EXPECT_EQ(histogram.percentile(1.0), 0);
  histogram.record(std::int64_t{1} << 50);
  EXPECT_EQ(histogram.count(), 2u);
  EXPECT_EQ(histogram.max(), std::int64_t{1} << 50);
  EXPECT_GE(histogram.percentile(1.0), (std::int64_t{1} << 40) - 1);
}

// The model is a sorted list of all samples.
TEST(Histogram, PercentilesStayWithinOnePart128OfTheModel) {
  std::mt19937_64 random{20240607};
  std::lognormal_distribution<double> latency{11.0, 2.5};
  Histogram histogram;
  std::vector<std::int64_t> model;
  for (int i = 0; i < 50'000; ++i) {
    const auto value = std::min<std::int64_t>(static_cast<std::int64_t>(latency(random)),
                                              (std::int64_t{1} << 40) - 1);
    histogram.record(value);
    model.push_back(value);
  }
  std::sort(model.begin(), model.end());
  for (const double quantile : {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(quantile * 50'000)) - 1;
    const auto exact = model[rank];
    EXPECT_GE(histogram.percentile(quantile), exact) << quantile;
    EXPECT_LE(histogram.percentile(quantile), exact + exact / 128 + 1) << quantile;
  }
  EXPECT_EQ(histogram.max(), model.back());
}

TEST(Histogram, MergeEqualsRecordingBoth) {
  Histogram left, right, both;
  for (std::int64_t value = 1; value < 1'000'000'000; value = value * 3 + 1) {
    left.record(value);
    right.record(value * 2);
    both.record(value);
    both.record(value * 2);
  }
  left.merge(right);
  EXPECT_EQ(left.count(), both.count());
  EXPECT_EQ(left.max(), both.max());
  for (const double quantile : {0.1, 0.5, 0.9, 0.99}) {
    EXPECT_EQ(left.percentile(quantile), both.percentile(quantile));
  }
}

}  // namespace
}  // namespace coaxd::storm
