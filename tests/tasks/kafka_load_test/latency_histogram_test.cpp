#include "latency_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace steamflow {
namespace {

using std::chrono::microseconds;

TEST(LatencyHistogram, OfNothingIsNothing) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.Percentile(0.5).count(), 0);
  EXPECT_EQ(histogram.longest().count(), 0);
  EXPECT_EQ(histogram.count(), 0u);
}

TEST(LatencyHistogram, ShortTimesAreExact) {
  LatencyHistogram histogram;
  for (int i = 1; i <= 20; ++i) histogram.Add(microseconds(i));
  EXPECT_EQ(histogram.Percentile(0.5).count(), 10);
  EXPECT_EQ(histogram.Percentile(0.95).count(), 19);
  EXPECT_EQ(histogram.Percentile(1).count(), 20);
  EXPECT_EQ(histogram.Percentile(0).count(), 1);
}

// Compares the percentiles with those of the sorted latencies.
TEST(LatencyHistogram, IsNeverTooShortAndHardlyTooLong) {
  std::minstd_rand random(7);
  std::vector<std::int64_t> times;
  LatencyHistogram histogram;
  for (int i = 0; i < 100'000; ++i) {
    const double exponent = std::uniform_real_distribution<>(0, 25)(random);
    times.push_back(static_cast<std::int64_t>(std::pow(2, exponent)));
    histogram.Add(microseconds(times.back()));
  }
  std::sort(times.begin(), times.end());
  for (const double part : {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(part * 100'000));
    const std::int64_t exact = times[rank - 1];
    const std::int64_t found = histogram.Percentile(part).count();
    EXPECT_GE(found, exact) << part;
    EXPECT_LE(found, exact + exact / 32 + 1) << part;
  }
  EXPECT_EQ(histogram.longest().count(), times.back());
}

TEST(LatencyHistogram, TakesTimesThatNoTestLasts) {
  LatencyHistogram histogram;
  histogram.Add(microseconds(-5));
  histogram.Add(std::chrono::hours(24 * 365));
  EXPECT_EQ(histogram.Percentile(0.5).count(), 0);
  EXPECT_GT(histogram.Percentile(1), std::chrono::hours(24));
}

}  // namespace
}  // namespace steamflow
