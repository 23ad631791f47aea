#include "position_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace steamflow {
namespace {

using std::chrono::milliseconds;

// Messages in one read. It returns once it has so many or its time is over, and a check often finds
// no more than one.
constexpr std::size_t kMostAtOnce = 1;
// Wait for a message. It is short because each read also wakes an old librdkafka that has put off
// its next request, and there is one request after the other if a broker leads several topics.
constexpr milliseconds kLongestWait(5);
constexpr std::chrono::seconds kLongestCheck(5);

// Returns the offset from which the first record decides whether the position is confirmed. Returns
// nullopt if nothing has to be read. A partition without a position that seems empty is read as
// well, because only reading shows the reader whether it holds an open transaction.
std::optional<std::int64_t> CheckedFrom(const PartitionProgress& partition) {
  const KafkaRange& range = partition.range;
  if (partition.is_left_out || partition.is_cut_off || partition.is_missing) return std::nullopt;
  if (!partition.stored) {
    return range.begin == range.end ? std::optional(range.begin) : std::nullopt;
  }
  const SinkPosition& position = *partition.stored;
  if (position.offset < range.begin || position.offset > range.end) return std::nullopt;
  return position.last ? std::max(position.last->offset, range.begin) : range.begin;
}

}  // namespace

std::optional<std::string> FaultOf(const SinkPosition& position, const KafkaRange& range,
                                   const std::optional<LastRecord>& first,
                                   const std::function<bool()>& is_compacted) {
  if (position.offset < range.begin) return "records were deleted before they were read";
  if (position.offset > range.end) return "the topic was recreated, or has lost records";
  if (!position.last) {
    const bool is_same = !first || first->offset >= position.offset;
    return is_same ? std::nullopt
                   : std::optional(fmt::format("the topic was recreated: there was no record "
                                               "before, and now there is one at {}",
                                               first->offset));
  }
  const LastRecord& last = *position.last;
  if (first && IsSame(last, *first)) return std::nullopt;
  if (first && first->offset == last.offset) {
    return fmt::format("the topic was recreated: the record at {} is not the same as before",
                       last.offset);
  }
  const bool is_next =
      !first || (first->offset >= position.offset && first->timestamp_ms >= last.timestamp_ms);
  if (is_next && (last.offset < range.begin || is_compacted())) return std::nullopt;
  return fmt::format("the topic was recreated: the record at {} no longer exists", last.offset);
}

std::vector<PositionFinding> CheckPositions(
    MessageReader& reader, const std::vector<PartitionProgress>& partitions,
    const std::function<bool(const std::string& topic)>& is_compacted, const Stop& stop) {
  std::vector<PositionFinding> findings(partitions.size());
  std::vector<std::size_t> looked_at;  // the indexes of the partitions that are read
  std::vector<KafkaPartition> names;
  std::vector<std::int64_t> offsets;
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    const auto from = CheckedFrom(partitions[i]);
    if (!from) continue;
    findings[i].is_unread = true;
    looked_at.push_back(i);
    names.push_back(partitions[i].partition);
    offsets.push_back(*from);
  }
  std::vector<std::optional<LastRecord>> firsts(partitions.size());
  if (!looked_at.empty()) reader.Start(names, offsets);
  std::size_t left = looked_at.size();
  // A settled partition is not read any further: in one response, a broker gives only the first
  // partition a batch that is larger than what was asked for, and the others would wait for it.
  const auto settle = [&](std::size_t partition) {
    if (!std::exchange(findings[looked_at[partition]].is_unread, false)) return;
    --left;
    reader.Pause(partition);
  };
  const auto until = std::min(Clock::now() + kLongestCheck, stop.work_until());
  while (left > 0 && stop.Signal() == 0 && Clock::now() < until) {
    const KafkaRead& read =
        reader.Read(kMostAtOnce, kLongestWait, [&](const KafkaMessage& message) {
          const std::size_t i = looked_at[message.partition];
          if (!findings[i].is_unread) return;
          firsts[i] = AsLastRecord(AsConsumed(message, partitions[i].partition));
          settle(message.partition);
        });
    for (const KafkaRead::End& end : read.ends) settle(end.partition);
    for (const auto& [partition, error] : read.refusals) {
      findings[looked_at[partition]].refusal = error;
      settle(partition);
    }
  }
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    const PartitionProgress& partition = partitions[i];
    const bool is_known = partition.stored && !partition.is_left_out && !partition.is_cut_off;
    if (!is_known || findings[i].is_unread || findings[i].refusal) continue;
    findings[i].fault = FaultOf(*partition.stored, partition.range, firsts[i],
                                [&] { return is_compacted(partition.partition.topic); });
  }
  return findings;
}

}  // namespace steamflow
