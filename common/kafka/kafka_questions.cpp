#include "kafka_questions.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <memory>

namespace steamflow {
namespace {

using std::chrono::milliseconds;

// Single waits for a response, inside librdkafka, where signals are not seen: each is twice as long
// as the one before, for links on which a response takes longer.
constexpr milliseconds kFirstSlice(250);
constexpr milliseconds kLongestSlice(1'000);
constexpr milliseconds kBetween(20);                 // two tries, for callbacks
constexpr std::chrono::seconds kUntilTopicsShow(1);  // a topic just made is unknown to some brokers

struct MetadataDeleter {
  void operator()(const rd_kafka_metadata_t* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
};
using Metadata = std::unique_ptr<const rd_kafka_metadata_t, MetadataDeleter>;

}  // namespace

std::vector<KafkaPartition> KafkaQuestions::Partitions(const std::vector<std::string>& topics) {
  std::vector<KafkaPartition> partitions;
  for (const std::string& topic : topics) {
    for (auto& partition : PartitionsOf(topic)) partitions.push_back(std::move(partition));
  }
  return partitions;
}

// The protocol's ListOffsets takes these two in place of a time.
std::vector<KafkaRange> KafkaQuestions::Ranges(const std::vector<KafkaPartition>& partitions) {
  const auto begins = OffsetsFor(partitions, RD_KAFKA_OFFSET_BEGINNING);
  const auto ends = OffsetsFor(partitions, RD_KAFKA_OFFSET_END);
  std::vector<KafkaRange> ranges;
  for (std::size_t i = 0; i < partitions.size(); ++i) ranges.push_back({begins[i], ends[i]});
  return ranges;
}

std::vector<std::optional<std::int64_t>> KafkaQuestions::OffsetsAt(
    const std::vector<KafkaPartition>& partitions, milliseconds since_epoch) {
  std::vector<std::optional<std::int64_t>> offsets;
  for (const std::int64_t offset : OffsetsFor(partitions, since_epoch.count())) {
    offsets.push_back(offset < 0 ? std::nullopt : std::optional(offset));
  }
  return offsets;
}

// Asks until there is a response that another try would not change.
void KafkaQuestions::Ask(const std::string& doing, const std::function<int(int)>& call) {
  for (auto longest = kFirstSlice;; longest = std::min(2 * longest, kLongestSlice)) {
    const auto slice = std::clamp(Left(), milliseconds(1), longest);
    const auto error = call(static_cast<int>(slice.count()));
    if (!error) return;
    const TaskError failure = KafkaErrorOf(doing, error);
    if (failure.code() != ExitCode::kTransient) throw failure;
    Serve(kBetween, failure.what());
  }
}

std::vector<KafkaPartition> KafkaQuestions::PartitionsOf(const std::string& topic) {
  const KafkaTopic handle(rd_kafka_topic_new(kafka_, topic.c_str(), nullptr));
  if (!handle) throw KafkaErrorOf(topic, rd_kafka_last_error());
  const auto give_up_on_unknown = Clock::now() + kUntilTopicsShow;
  for (;;) {
    Metadata metadata;
    Ask(topic, [&](int timeout) {
      const rd_kafka_metadata_t* response = nullptr;
      const auto error = rd_kafka_metadata(kafka_, 0, handle.get(), &response, timeout);
      metadata.reset(response);
      return error;
    });
    const rd_kafka_metadata_topic_t& found = metadata->topics[0];
    const TaskError error = KafkaErrorOf(topic, found.err);
    const bool is_late = Clock::now() >= give_up_on_unknown;
    if (!found.err) {
      std::vector<KafkaPartition> partitions;
      bool has_leaders = true;
      for (int i = 0; i < found.partition_cnt; ++i) {
        const auto& partition = found.partitions[i];
        partitions.push_back({topic, partition.id, partition.leader >= 0});
        has_leaders = has_leaders && partition.leader >= 0;
      }
      const auto by_id = [](const auto& a, const auto& b) { return a.id < b.id; };
      std::sort(partitions.begin(), partitions.end(), by_id);
      if (has_leaders || is_late) return partitions;
    } else if (error.code() != ExitCode::kTransient && is_late) {
      throw error;
    }
    Serve(kBetween, error.what());
  }
}

// The first offset at or after `time` (a time, or one of the protocol's special values).
std::vector<std::int64_t> KafkaQuestions::OffsetsFor(const std::vector<KafkaPartition>& partitions,
                                                     std::int64_t time) {
  if (partitions.empty()) return {};
  KafkaPartitionList list;
  Ask("asking for offsets", [&](int timeout) {
    list = MakeKafkaPartitionList(partitions, {time});
    auto error = rd_kafka_offsets_for_times(kafka_, list.get(), timeout);
    for (int i = 0; i < list->cnt && !error; ++i) error = list->elems[i].err;
    return error;
  });
  std::vector<std::int64_t> offsets;
  for (int i = 0; i < list->cnt; ++i) offsets.push_back(list->elems[i].offset);
  return offsets;
}

milliseconds KafkaQuestions::Left() const {
  const auto left = std::chrono::ceil<milliseconds>(stop_.work_until() - Clock::now());
  return std::min(left, stop_.TimeLeft());
}

// Calls back, and throws what ends the waiting.
void KafkaQuestions::Serve(milliseconds wait, const std::string& cause) {
  rd_kafka_poll(kafka_, static_cast<int>(wait.count()));
  if (troubles_.login) throw *troubles_.login;
  stop_.ThrowIfSignalled();
  if (Left().count() <= 0) {
    throw TaskError(
        ExitCode::kTransient,
        fmt::format("asking Kafka: {}", troubles_.broker.empty() ? cause : troubles_.broker));
  }
}

}  // namespace steamflow
