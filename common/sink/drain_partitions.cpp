#include "drain_partitions.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "position_check.h"

namespace steamflow {

DrainPartitions::DrainPartitions(const DrainOptions& options, Run& run,
                                 std::function<bool(const std::string& topic)> is_compacted)
    : options_(options),
      run_(run),
      is_compacted_(std::move(is_compacted)),
      shard_(ParseShard(options.shard).value_or(Shard{})) {}

void DrainPartitions::Look(MessageReader& reader) {
  std::vector<KafkaPartition> names;
  std::vector<std::size_t> topics;  // the index of each partition's topic
  const auto found = reader.Partitions(options_.topics);
  for (std::size_t topic = 0; topic < found.size(); ++topic) {
    if (!found[topic]) {
      faults_.push_back(found[topic].error());
      continue;
    }
    for (const KafkaPartition& name : *found[topic]) {
      if (!IsOwn(name)) continue;
      if (name.leader.empty()) {
        AddUnread(name, "it has no leader");
        continue;
      }
      names.push_back(name);
      topics.push_back(topic);
    }
  }
  const auto ranges = reader.Ranges(names);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!ranges[i]) {
      faults_.push_back(ranges[i].error());
      continue;
    }
    PartitionProgress& partition = all_.emplace_back();
    partition.partition = std::move(names[i]);
    partition.topic = topics[i];
    partition.range = *ranges[i];
  }
}

void DrainPartitions::LookAgain(MessageReader& reader) {
  std::vector<PartitionProgress*> asked;
  std::vector<KafkaPartition> names;
  for (PartitionProgress& partition : all_) {
    if (partition.is_left_out || partition.is_cut_off || partition.is_missing) continue;
    asked.push_back(&partition);
    names.push_back(partition.partition);
  }
  const auto ranges = reader.Ranges(names);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (ranges[i]) {
      KafkaRange& range = asked[i]->range;
      range = {ranges[i]->begin, std::min(range.end, ranges[i]->end)};
    } else if (!asked[i]->is_done()) {
      asked[i]->is_left_out = true;
      faults_.push_back(ranges[i].error());
    }
  }
}

void DrainPartitions::FindPositions(MessageReader& reader, SinkStore& store) {
  const auto positions = store.Positions(Names());
  for (std::size_t i = 0; i < all_.size(); ++i) {
    if (!all_[i].is_left_out) all_[i].Begin(positions[i]);
  }
  AddMissing(reader, store);
  LookBehindPositions(reader);
  const auto findings = CheckPositions(reader, all_, is_compacted_, run_.stop);
  run_.stop.ThrowIfSignalled();
  for (std::size_t i = 0; i < all_.size(); ++i) {
    if (findings[i].fault) OnGap(all_[i], *findings[i].fault);
    if (findings[i].refusal) CutOff(all_[i].topic, *findings[i].refusal);
    if (!findings[i].is_unread) continue;
    all_[i].is_left_out = true;
    AddUnread(all_[i].partition, reader.trouble().empty() ? "no response" : reader.trouble());
  }
}

bool DrainPartitions::AreConfirmed(MessageReader& checker, const std::vector<std::size_t>& moved) {
  std::vector<PartitionProgress> checked;
  // A broker learns of all partitions of a deleted topic at once, so one of them is enough.
  std::set<std::pair<std::size_t, std::string_view>> seen;  // topics on their leaders
  for (const std::size_t i : moved) {
    if (!all_[i].witness || all_[i].is_missing) continue;
    if (!seen.emplace(all_[i].topic, all_[i].partition.leader).second) continue;
    PartitionProgress& partition = checked.emplace_back();
    partition.partition = all_[i].partition;
    partition.stored = SinkPosition{all_[i].witness->offset + 1, all_[i].witness};
    partition.range = {all_[i].witness->offset, all_[i].witness->offset + 1};
  }
  const auto findings = CheckPositions(checker, checked, is_compacted_, run_.stop);
  const bool are_there = std::all_of(findings.begin(), findings.end(), [](const auto& finding) {
    return !finding.fault && !finding.is_unread && !finding.refusal;
  });
  for (const std::size_t i : moved) {
    if (all_[i].next.last) all_[i].witness = all_[i].next.last;
  }
  return are_there;
}

void DrainPartitions::AddMissing(MessageReader& reader, SinkStore& store) {
  // If every partition that Kafka has is known by its last record, that tells the topics apart.
  std::vector<std::string> topics;
  for (const PartitionProgress& partition : all_) {
    const std::string& topic = partition.partition.topic;
    const bool is_known = (partition.stored && partition.stored->last) || partition.is_left_out ||
                          partition.is_cut_off;
    if (!is_known && (topics.empty() || topics.back() != topic)) topics.push_back(topic);
  }
  if (topics.empty()) return;
  std::vector<KafkaPartition> missing = store.StoredPartitions(topics);
  const auto drop = [&](const std::vector<KafkaPartition>& known) {
    std::erase_if(missing, [&](const KafkaPartition& stored) {
      return std::any_of(known.begin(), known.end(), [&](const KafkaPartition& partition) {
        return partition.topic == stored.topic && partition.id == stored.id;
      });
    });
  };
  drop(Names());
  std::erase_if(missing, [this](const KafkaPartition& partition) { return !IsOwn(partition); });
  if (missing.empty()) return;
  // Another sink may have stored one that was added since this one looked.
  for (const auto& partitions : reader.Partitions(topics)) {
    if (!partitions) return;
    drop(*partitions);
  }
  const auto positions = store.Positions(missing);
  for (std::size_t i = 0; i < missing.size(); ++i) {
    PartitionProgress& partition = all_.emplace_back();
    partition.is_missing = true;
    partition.topic = static_cast<std::size_t>(
        std::find(options_.topics.begin(), options_.topics.end(), missing[i].topic) -
        options_.topics.begin());
    partition.partition = std::move(missing[i]);
    partition.Begin(positions[i]);
  }
}

void DrainPartitions::LookForDeleted(MessageReader& reader) {
  const auto found = reader.Partitions(options_.topics);
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!found[i] && !IsRetryable(found[i].error().code())) CutOff(i, found[i].error());
  }
}

void DrainPartitions::CutOff(std::size_t topic, const TaskError& error) {
  bool is_news = false;
  for (PartitionProgress& partition : all_) {
    if (partition.topic == topic) is_news = !std::exchange(partition.is_cut_off, true) || is_news;
  }
  if (is_news) faults_.push_back(error);
}

void DrainPartitions::AddOpenTransactions(MessageReader& reader) {
  std::vector<PartitionProgress*> waiting;
  std::vector<KafkaPartition> names;
  for (PartitionProgress& partition : all_) {
    const auto high = reader.HighWatermark(partition.partition);
    const bool is_read = !partition.is_left_out && !partition.is_cut_off && !partition.is_missing &&
                         partition.is_done();
    if (!is_read || !high || *high <= partition.range.end) continue;
    partition.high_watermark = *high;
    waiting.push_back(&partition);
    names.push_back(partition.partition);
  }
  if (names.empty()) return;
  const auto ranges = reader.Ranges(names);
  for (std::size_t i = 0; i < names.size(); ++i) {
    PartitionProgress& partition = *waiting[i];
    if (!ranges[i] || ranges[i]->end >= partition.high_watermark) continue;
    run_.log.Warning(fmt::format(
        "{}/{}: a transaction is open at {}, and the records from there up to {} cannot be read "
        "before it ends",
        names[i].topic, names[i].id, ranges[i]->end, partition.high_watermark));
    partition.range.end = partition.high_watermark;
  }
}

// Another sink may have stored a position after the end that this run saw at its start. Then this
// asks Kafka for the range again, to check that the position exists.
void DrainPartitions::LookBehindPositions(MessageReader& reader) {
  std::vector<PartitionProgress*> behind;
  std::vector<KafkaPartition> names;
  for (PartitionProgress& partition : all_) {
    const bool is_read = !partition.is_left_out && !partition.is_cut_off && !partition.is_missing;
    if (!is_read || partition.next.offset <= partition.range.end) continue;
    behind.push_back(&partition);
    names.push_back(partition.partition);
  }
  if (names.empty()) return;
  const auto ranges = reader.Ranges(names);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (ranges[i]) {
      const std::int64_t end = std::min(behind[i]->next.offset, ranges[i]->end);
      behind[i]->range = {ranges[i]->begin, end};
    } else {
      behind[i]->is_left_out = true;
      faults_.push_back(ranges[i].error());
    }
  }
}

bool DrainPartitions::are_done() const {
  return std::all_of(all_.begin(), all_.end(),
                     [](const PartitionProgress& partition) { return partition.is_done(); });
}

std::int64_t DrainPartitions::lag() const {
  std::int64_t lag = 0;
  for (const PartitionProgress& partition : all_) lag += partition.lag();
  return lag;
}

void DrainPartitions::Count(std::vector<DrainResult::Topic>& topics) const {
  for (DrainResult::Topic& topic : topics) topic.partitions = topic.lag = 0;
  for (const PartitionProgress& partition : all_) {
    if (partition.is_missing) continue;
    DrainResult::Topic& topic = topics[partition.topic];
    ++topic.partitions;
    topic.lag += static_cast<std::uint64_t>(partition.lag());
  }
}

bool DrainPartitions::IsOwn(const KafkaPartition& partition) const {
  return static_cast<std::uint64_t>(partition.id) % shard_.count == shard_.index;
}

std::vector<KafkaPartition> DrainPartitions::Names() const {
  std::vector<KafkaPartition> names;
  for (const PartitionProgress& partition : all_) names.push_back(partition.partition);
  return names;
}

void DrainPartitions::OnGap(PartitionProgress& gap, const std::string& fault) {
  const std::string what = fmt::format(
      "{}/{}: the stored offset is {}, and Kafka has offsets {} to {}: {}", gap.partition.topic,
      gap.partition.id, gap.next.offset, gap.range.begin, gap.range.end, fault);
  if (options_.accept_gap) {
    run_.log.Warning(what);
    return gap.BeginAnew();
  }
  faults_.emplace_back(ExitCode::kData,
                       fmt::format("{}; --accept-gap continues from {}", what, gap.range.begin));
  for (PartitionProgress& partition : all_) {
    if (partition.topic == gap.topic) partition.is_left_out = true;
  }
}

void DrainPartitions::AddUnread(const KafkaPartition& partition, const std::string& cause) {
  faults_.emplace_back(ExitCode::kTransient, fmt::format("{}/{} cannot be read: {}",
                                                         partition.topic, partition.id, cause));
}

}  // namespace steamflow
