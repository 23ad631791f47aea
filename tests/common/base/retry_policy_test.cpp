#include "retry_policy.h"

#include <gtest/gtest.h>

namespace steamflow {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Returns how many further attempts are granted, one after another, to requests that have had one.
unsigned Granted(RetryPolicy& policy) {
  unsigned granted = 0;
  while (granted < 1'000 && policy.Next(1)) ++granted;
  return granted;
}

TEST(RetryPolicyTest, ARequestHasSoManyRetries) {
  RetryPolicy policy(2);
  policy.Count();
  EXPECT_TRUE(policy.Next(1));
  EXPECT_TRUE(policy.Next(2));
  EXPECT_FALSE(policy.Next(3));
  RetryPolicy none(0);
  EXPECT_FALSE(none.Next(1));
}

TEST(RetryPolicyTest, ARunHasTenOrAFifthOfItsRequests) {
  RetryPolicy small(4);
  small.Count();
  EXPECT_EQ(Granted(small), 10U);
  RetryPolicy large(4);
  for (int i = 0; i < 500; ++i) large.Count();
  EXPECT_EQ(Granted(large), 100U);
  for (int i = 0; i < 5; ++i) large.Count();
  EXPECT_EQ(Granted(large), 1U) << "more requests get more attempts";
}

TEST(RetryPolicyTest, WaitsLongerAfterEachFailureWithinABound) {
  RetryPolicy policy(1'000);
  milliseconds longest_first(0);
  milliseconds longest(0);
  for (int round = 0; round < 1'000; ++round) {
    const auto first = policy.Wait(1);
    ASSERT_GE(first, milliseconds(0));
    ASSERT_LE(first, milliseconds(200));
    longest_first = std::max(longest_first, first);
    ASSERT_LE(policy.Wait(3), milliseconds(800));
    const auto late = policy.Wait(1'000);
    ASSERT_LE(late, seconds(10));
    longest = std::max(longest, late);
  }
  EXPECT_GT(longest_first, milliseconds(150));
  EXPECT_GT(longest, seconds(8));
}

TEST(RetryPolicyTest, WhatTheServerAsksForComesFirst) {
  RetryPolicy policy(4);
  const auto wait = policy.Next(1, seconds(30));
  ASSERT_TRUE(wait);
  EXPECT_GE(*wait, seconds(30));
  EXPECT_LE(*wait, seconds(30) + milliseconds(200));
}

TEST(IsTransientStatusTest, KnowsWhatTimeMayMend) {
  for (const int status : {408, 429, 500, 502, 503, 504, 599}) {
    EXPECT_TRUE(IsTransientStatus(status)) << status;
  }
  for (const int status : {200, 304, 400, 401, 403, 404, 413}) {
    EXPECT_FALSE(IsTransientStatus(status)) << status;
  }
}

}  // namespace
}  // namespace steamflow
