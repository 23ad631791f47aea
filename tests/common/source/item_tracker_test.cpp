#include "item_tracker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace steamflow {
namespace {

std::uint64_t Sum(const Items& items) {
  return items.ok + items.empty + items.withheld + items.absent + items.rejected;
}

TEST(ItemTrackerTest, AnItemIsDoneOnceAnsweredAndDelivered) {
  Items counts;
  ItemTracker tracker(counts);
  tracker.Sent(0);
  tracker.Sent(0);
  tracker.Answered(0, Outcome::kOk);
  tracker.Delivered(0, Delivery::kRecord);
  EXPECT_FALSE(tracker.IsDone(0));
  EXPECT_EQ(tracker.DonePrefix(), 0U);
  tracker.Delivered(0, Delivery::kRecord);
  EXPECT_TRUE(tracker.IsDone(0));
  EXPECT_EQ(tracker.DonePrefix(), 1U);
  EXPECT_EQ(counts.ok, 1U);
}

TEST(ItemTrackerTest, DeliveryMayComeBeforeTheAnswerIsComplete) {
  Items counts;
  ItemTracker tracker(counts);
  tracker.Sent(0);
  tracker.Delivered(0, Delivery::kRecord);
  EXPECT_EQ(tracker.DonePrefix(), 0U) << "more records may follow";
  tracker.Answered(0, Outcome::kOk);
  EXPECT_EQ(tracker.DonePrefix(), 1U);
}

TEST(ItemTrackerTest, OneFailedRecordHoldsThePrefixForGood) {
  Items counts;
  ItemTracker tracker(counts);
  for (std::uint64_t item : {0U, 1U, 2U}) {
    tracker.Sent(item);
    tracker.Answered(item, Outcome::kOk);
  }
  tracker.Delivered(2, Delivery::kRecord);
  tracker.Delivered(1, Delivery::kFailed);
  tracker.Delivered(0, Delivery::kRecord);
  EXPECT_EQ(tracker.DonePrefix(), 1U);
  EXPECT_EQ(tracker.done(), 2U);
  EXPECT_TRUE(tracker.IsDone(2));
  EXPECT_FALSE(tracker.IsDone(1));
  EXPECT_FALSE(tracker.IsDone(3)) << "the item is unknown";
}

TEST(ItemTrackerTest, DeadLettersAloneAreARejection) {
  Items counts;
  ItemTracker tracker(counts);
  tracker.Sent(0);
  tracker.Delivered(0, Delivery::kDeadLetter);
  tracker.Answered(0, Outcome::kOk);
  EXPECT_EQ(counts.rejected, 1U);
  for (const Delivery delivery : {Delivery::kDeadLetter, Delivery::kRecord}) {
    tracker.Sent(1);
    tracker.Delivered(1, delivery);
  }
  tracker.Answered(1, Outcome::kOk);
  EXPECT_EQ(counts.ok, 1U) << "there is a record beside the dead letter";
  EXPECT_EQ(tracker.DonePrefix(), 2U);
}

TEST(ItemTrackerTest, AKeptLetterHoldsItsItemUntilItHasArrived) {
  Items counts;
  ItemTracker tracker(counts);
  tracker.Sent(0);
  tracker.Sent(0);
  tracker.Delivered(0, Delivery::kKept);
  tracker.Answered(0, Outcome::kOk);
  EXPECT_FALSE(tracker.AwaitsDeadLetters(0)) << "a record is in flight";
  tracker.Delivered(0, Delivery::kRecord);
  EXPECT_TRUE(tracker.AwaitsDeadLetters(0));
  EXPECT_FALSE(tracker.IsDone(0));
  EXPECT_EQ(tracker.DonePrefix(), 0U);
  EXPECT_EQ(tracker.AwaitingDeadLetters(), (std::vector<std::uint64_t>{0}));
  tracker.SentDeadLetters(0);
  EXPECT_FALSE(tracker.AwaitsDeadLetters(0)) << "the dead letters were sent";
  tracker.Delivered(0, Delivery::kDeadLetter);
  EXPECT_EQ(tracker.DonePrefix(), 1U);
  EXPECT_EQ(counts.ok, 1U);
}

TEST(ItemTrackerTest, LettersOfAnItemThatHasFailedAreNotAwaited) {
  Items counts;
  ItemTracker tracker(counts);
  tracker.Sent(0);
  tracker.Sent(0);
  tracker.Delivered(0, Delivery::kKept);
  tracker.Delivered(0, Delivery::kFailed);
  tracker.Answered(0, Outcome::kOk);
  EXPECT_FALSE(tracker.AwaitsDeadLetters(0));
  EXPECT_TRUE(tracker.AwaitingDeadLetters().empty());
}

TEST(ItemTrackerTest, HeldNothingIsDone) {
  Items counts;
  ItemTracker tracker(counts);
  tracker.Answered(0, Outcome::kAbsent);
  tracker.Sent(1);
  tracker.Delivered(1, Delivery::kKept);
  tracker.Answered(1, Outcome::kOk);
  tracker.Hold();
  EXPECT_EQ(tracker.DonePrefix(), 0U);
  EXPECT_FALSE(tracker.IsDone(0));
  EXPECT_FALSE(tracker.AwaitsDeadLetters(1));
}

// Simulates runs of random length with events in random order: responses to items come in any
// order, and each delivery is reported at any time after its record was sent.
TEST(ItemTrackerTest, InAnyOrderThePrefixIsWhatIsDoneAndTheCountsAddUp) {
  std::mt19937 random(6);
  for (int round = 0; round < 300; ++round) {
    const std::uint64_t size = 1 + random() % 60;
    Items counts;
    ItemTracker tracker(counts);
    std::vector<std::uint64_t> order(size);
    for (std::uint64_t i = 0; i < size; ++i) order[i] = i;
    std::shuffle(order.begin(), order.end(), random);
    std::vector<bool> answered(size), failed(size);
    std::vector<int> outstanding(size);
    std::vector<std::uint64_t> in_flight;  // one entry for each record

    const auto deliver_one = [&] {
      std::swap(in_flight[random() % in_flight.size()], in_flight.back());
      const std::uint64_t item = in_flight.back();
      in_flight.pop_back();
      const bool fails = random() % 20 == 0;
      failed[item] = failed[item] || fails;
      --outstanding[item];
      tracker.Delivered(item, fails ? Delivery::kFailed : Delivery::kRecord);
    };
    const auto check = [&] {
      std::uint64_t done = 0;
      std::uint64_t prefix = 0;
      for (std::uint64_t i = 0; i < size; ++i) {
        const bool is_done = answered[i] && outstanding[i] == 0 && !failed[i];
        ASSERT_EQ(tracker.IsDone(i), is_done);
        if (is_done && prefix == i) ++prefix;
        done += is_done ? 1 : 0;
      }
      ASSERT_EQ(tracker.DonePrefix(), prefix);
      ASSERT_EQ(tracker.done(), done);
      ASSERT_EQ(Sum(counts), done);
    };
    for (const std::uint64_t item : order) {
      const std::uint64_t records = random() % 4;
      for (std::uint64_t i = 0; i < records; ++i) {
        tracker.Sent(item);
        ++outstanding[item];
        in_flight.push_back(item);
      }
      answered[item] = true;
      const Outcome nothing[] = {Outcome::kEmpty, Outcome::kWithheld, Outcome::kAbsent};
      tracker.Answered(item, records > 0 ? Outcome::kOk : nothing[random() % 3]);
      while (!in_flight.empty() && random() % 3 > 0) deliver_one();
      ASSERT_NO_FATAL_FAILURE(check());
    }
    while (!in_flight.empty()) deliver_one();
    ASSERT_NO_FATAL_FAILURE(check());
  }
}

}  // namespace
}  // namespace steamflow
