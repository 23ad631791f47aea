#include "position_check.h"

#include <gtest/gtest.h>

namespace steamflow {
namespace {

const LastRecord kLast{.offset = 9, .timestamp_ms = 1000, .event_id = "nine"};
const SinkPosition kPosition{.offset = 10, .last = kLast};
constexpr KafkaRange kRange{.begin = 0, .end = 20};

bool Stands(const SinkPosition& position, const KafkaRange& range,
            const std::optional<LastRecord>& first, bool is_compacted = false) {
  const auto fault = FaultOf(position, range, first, [&] { return is_compacted; });
  EXPECT_NE(fault, "");
  return !fault;
}

TEST(PositionCheck, TheLastRecordMustBeThereAsItWas) {
  EXPECT_TRUE(Stands(kPosition, kRange, kLast));
  for (const LastRecord& other : {LastRecord{9, 1001, "nine"}, LastRecord{9, 1000, "ten"}}) {
    EXPECT_FALSE(Stands(kPosition, kRange, other));
    EXPECT_FALSE(Stands(kPosition, kRange, other, true)) << "compaction changes none";
  }
}

TEST(PositionCheck, PositionsLieInWhatKafkaHas) {
  EXPECT_FALSE(Stands(kPosition, {11, 20}, std::nullopt));
  EXPECT_FALSE(Stands(kPosition, {0, 9}, kLast));
  EXPECT_TRUE(Stands(kPosition, {0, 10}, kLast));
}

TEST(PositionCheck, RetentionMayTakeTheLastRecordButNothingUnread) {
  EXPECT_TRUE(Stands(kPosition, {10, 20}, LastRecord{10, 1000, "x"}));
  EXPECT_TRUE(Stands(kPosition, {10, 10}, std::nullopt));
  EXPECT_FALSE(Stands(kPosition, {10, 20}, LastRecord{10, 999, "x"})) << "an older one follows";
}

TEST(PositionCheck, CompactionMayTakeItToo) {
  const LastRecord next{12, 1000, "x"};
  EXPECT_TRUE(Stands(kPosition, kRange, next, true));
  EXPECT_FALSE(Stands(kPosition, kRange, next, false));
  EXPECT_TRUE(Stands({11, kLast}, kRange, std::nullopt, true));
  EXPECT_FALSE(Stands({12, kLast}, kRange, LastRecord{11, 2000, "x"}, true))
      << "that was not there";
  EXPECT_FALSE(Stands(kPosition, kRange, LastRecord{12, 999, "x"}, true));
}

TEST(PositionCheck, WhereThereWasNoRecordThereIsNone) {
  const SinkPosition none{.offset = 5, .last = std::nullopt};
  EXPECT_TRUE(Stands(none, kRange, std::nullopt));
  EXPECT_TRUE(Stands(none, kRange, LastRecord{5, 1, "x"}));
  EXPECT_FALSE(Stands(none, kRange, LastRecord{4, 1, "x"}));
}

}  // namespace
}  // namespace steamflow
