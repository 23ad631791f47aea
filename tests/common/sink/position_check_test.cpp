#include "position_check.h"

#include <gtest/gtest.h>

#include <set>

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
    EXPECT_FALSE(Stands(kPosition, kRange, other, true)) << "compaction never changes a record";
  }
}

// A record is recognised by its event id, or by its key and value if it has none.
TEST(PositionCheck, ARecordWithoutEventIdIsKnownByKeyAndValue) {
  const auto last = [](std::optional<std::string_view> event_id,
                       std::optional<std::string_view> key, std::optional<std::string_view> value) {
    return AsLastRecord(
        {.offset = 9, .timestamp_ms = 1000, .event_id = event_id, .key = key, .value = value});
  };
  EXPECT_EQ(last("nine", "k", "v").event_id, "nine");
  EXPECT_EQ(last("nine", "k", "v"), last("nine", "k", "w"));
  const std::string large(513, 'x');
  const std::vector<LastRecord> all{
      last({}, "k", "v"), last({}, "k", "w"), last({}, "kv", ""),     last({}, {}, "v"),
      last({}, "", "v"),  last({}, "k", {}),  last("\xFF", "k", "v"), last(large, "k", "v")};
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_LT(all[i].event_id.size(), 30u);
    for (std::size_t j = 0; j < all.size(); ++j) {
      EXPECT_EQ(Stands({10, all[i]}, kRange, all[j]), i == j) << i << ' ' << j;
    }
  }
  EXPECT_TRUE(Stands({10, LastRecord{9, 1000, ""}}, kRange, all[0]))
      << "the position is an old one without a fingerprint";
}

// The next run confirms the position that a run has stored.
TEST(PositionCheck, ABatchEndsWithWhatTheNextRunFinds) {
  PartitionProgress partition{.range = kRange};
  partition.Begin(std::nullopt);
  ConsumedMessage message{.offset = 9, .timestamp_ms = 1000, .key = "k", .value = "v"};
  partition.Pass(message);
  const auto move = partition.Move();
  ASSERT_TRUE(move);
  EXPECT_EQ(move->to.last, AsLastRecord(message));
  EXPECT_FALSE(partition.Move());
  partition.PassTo(12);
  EXPECT_EQ(partition.Move()->to.last, AsLastRecord(message));
}

TEST(PositionCheck, PositionsLieInWhatKafkaHas) {
  EXPECT_FALSE(Stands(kPosition, {11, 20}, std::nullopt));
  EXPECT_FALSE(Stands(kPosition, {0, 9}, kLast));
  EXPECT_TRUE(Stands(kPosition, {0, 10}, kLast));
}

TEST(PositionCheck, RetentionMayTakeTheLastRecordButNothingUnread) {
  EXPECT_TRUE(Stands(kPosition, {10, 20}, LastRecord{10, 1000, "x"}));
  EXPECT_TRUE(Stands(kPosition, {10, 10}, std::nullopt));
  EXPECT_FALSE(Stands(kPosition, {10, 20}, LastRecord{10, 999, "x"})) << "an older record follows";
}

TEST(PositionCheck, CompactionMayTakeItToo) {
  const LastRecord next{12, 1000, "x"};
  EXPECT_TRUE(Stands(kPosition, kRange, next, true));
  EXPECT_FALSE(Stands(kPosition, kRange, next, false));
  EXPECT_TRUE(Stands({11, kLast}, kRange, std::nullopt, true));
  EXPECT_FALSE(Stands({12, kLast}, kRange, LastRecord{11, 2000, "x"}, true))
      << "the record did not exist before";
  EXPECT_FALSE(Stands(kPosition, kRange, LastRecord{12, 999, "x"}, true));
}

TEST(PositionCheck, WhereThereWasNoRecordThereIsNone) {
  const SinkPosition none{.offset = 5, .last = std::nullopt};
  EXPECT_TRUE(Stands(none, kRange, std::nullopt));
  EXPECT_TRUE(Stands(none, kRange, LastRecord{5, 1, "x"}));
  EXPECT_FALSE(Stands(none, kRange, LastRecord{4, 1, "x"}));
}

// Behaves like a broker whose batches are larger than what a client requests: each response has
// messages only from the first partition that the client still reads.
class FirstPartitionReader : public MessageReader {
 public:
  KafkaResults<std::vector<KafkaPartition>> Partitions(const std::vector<std::string>&) override {
    return {};
  }
  KafkaResults<KafkaRange> Ranges(const std::vector<KafkaPartition>&) override { return {}; }
  std::optional<std::int64_t> HighWatermark(const KafkaPartition&) override { return {}; }
  void Start(const std::vector<KafkaPartition>&,
             const std::vector<std::int64_t>& offsets) override {
    offsets_ = offsets;
    paused_.clear();
  }
  void Pause(std::size_t partition) override { paused_.insert(partition); }
  const KafkaRead& Read(std::size_t most, std::chrono::milliseconds,
                        const OnMessage& take) override {
    std::size_t first = 0;
    while (paused_.contains(first)) ++first;
    for (; first < offsets_.size() && most > 0; --most) {
      KafkaMessage message{.partition = first, .offset = offsets_[first]++};
      message.timestamp_ms = 1000;
      message.event_id = "nine";
      take(message);
    }
    return read_;
  }
  const std::string& trouble() const override { return trouble_; }

 private:
  std::vector<std::int64_t> offsets_;
  std::set<std::size_t> paused_;
  KafkaRead read_;
  const std::string trouble_;
};

TEST(PositionCheck, NoPartitionWaitsForAnotherOne) {
  FirstPartitionReader reader;
  std::vector<PartitionProgress> partitions(3);
  for (PartitionProgress& partition : partitions) {
    partition.range = kRange;
    partition.Begin(kPosition);
  }
  const Stop stop(std::chrono::seconds(60));
  for (const PositionFinding& finding : CheckPositions(
           reader, partitions, [](const auto&) { return false; }, stop)) {
    EXPECT_FALSE(finding.is_unread);
    EXPECT_FALSE(finding.fault) << *finding.fault;
  }
}

}  // namespace
}  // namespace steamflow
