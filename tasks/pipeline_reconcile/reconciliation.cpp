#include "reconciliation.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory_resource>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "dead_letters.h"
#include "kafka_reader.h"
#include "topic_scan.h"

namespace steamflow {
namespace {

// Reads this much before the window: a run may have produced some of its records before the window
// begins, and clocks may differ.
constexpr std::chrono::minutes kMargin(10);
constexpr std::size_t kMostAtOnce = 1000;  // records in one query to a store
constexpr std::size_t kMostNamed = 5;
constexpr std::uint64_t kMostIds = 250'000;  // event ids kept in memory, at about 50 bytes each

// Event ids are compared by their 64-bit hashes. The chance that any two of a million ids have the
// same hash is 1 in 30 million.
using IdHash = std::size_t;
IdHash HashOf(std::string_view event_id) {
  return std::hash<std::string_view>()(event_id);
}

// Returns a record's place in Kafka. A record without an event id is identified by its place.
std::string Place(std::string_view topic, std::int32_t partition, std::int64_t offset) {
  return fmt::format("{}/{}/{}", topic, partition, offset);
}

// Compares a topic with one store.
class StorePass {
 public:
  StorePass(const Reconciliation::Store& store, const std::string& topic) : store_(store) {
    result_.name = store.audit->name();
    for (const auto& [partition, offset] : store.offsets) {
      if (partition.first == topic) offsets_[partition.second] = offset;
    }
  }

  bool IsDue(const ConsumedMessage& message) const {
    const auto stored = offsets_.find(message.partition);
    return stored != offsets_.end() && message.offset < stored->second;
  }

  void Take(AuditedRecord record) {
    waiting_.push_back(std::move(record));
    if (waiting_.size() == kMostAtOnce) LookUp();
  }

  // Takes a record that is not in the store. Its place has to be among the dead letters, or it is
  // missing.
  void TakeAbsent(const std::string& event_id, const std::string& place) {
    if (store_.letters.count(place) > 0) {
      ++result_.dead_letters;
      return;
    }
    ++result_.missing;
    if (result_.named_missing.size() < kMostNamed) result_.named_missing.push_back(event_id);
  }

  void AddPending(std::uint64_t count) { result_.pending += count; }

  StoreComparison Finish() {
    LookUp();
    return std::move(result_);
  }

 private:
  void LookUp() {
    if (waiting_.empty()) return;
    const auto holdings = store_.audit->LookUp(waiting_);
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
      const AuditedRecord& record = waiting_[i];
      switch (holdings[i]) {
        case Holding::kHeld:
          ++result_.held;
          break;
        case Holding::kMissing:
          TakeAbsent(record.event_id, record.place);
          break;
        case Holding::kExpired:
          ++result_.expired;
          break;
      }
    }
    waiting_.clear();
  }

  const Reconciliation::Store& store_;
  std::map<std::int32_t, std::int64_t> offsets_;  // the topic's stored offsets, by partition
  std::vector<AuditedRecord> waiting_;
  StoreComparison result_;
};

// Counts what Kafka holds of one run's records.
struct RunPass {
  std::uint64_t acknowledged = 0;
  std::uint64_t messages = 0;
  std::uint64_t held = 0;   // the different event ids in the slices before the current one
  std::vector<IdHash> ids;  // the event ids in the current slice, with repetitions

  // Normally every acknowledged record has its own event id. Kafka may hold more, because the
  // counts are those of the run's last attempt. A run may also send two records with the same id;
  // then the number of messages shows that all of them are there.
  bool IsComplete() const { return held >= acknowledged || messages == acknowledged; }
};

// The event ids of a slice. Each has a bit for every store in which it is due. They have their own
// memory resource, because allocating them between short-lived messages would fragment the heap.
struct DueIds {
  std::pmr::monotonic_buffer_resource memory;
  std::pmr::unordered_map<IdHash, std::uint8_t> marks{kMostIds, &memory};
};

// Compares one topic. The event ids are divided into slices by their hashes, so that those of one
// slice fit into memory. The topic is read once for each slice.
class TopicPass {
 public:
  TopicPass(const std::string& topic, const Window& window,
            const std::vector<Reconciliation::Store>& stores, const Reconciliation::Runs& runs,
            std::uint64_t slices)
      : window_(window), slices_(slices) {
    result_.topic = topic;
    for (const auto& store : stores) stores_.emplace_back(store, topic);
    for (const auto& [run_id, acknowledged] : runs) runs_[run_id].acknowledged = acknowledged;
  }

  void Take(std::int32_t partition, const KafkaMessage& raw) {
    const ConsumedMessage message{.topic = result_.topic,
                                  .partition = partition,
                                  .offset = raw.offset,
                                  .timestamp_ms = raw.timestamp_ms,
                                  .event_id = raw.Header("event_id"),
                                  .key = raw.key,
                                  .value = raw.value};
    const Instant time =
        std::chrono::floor<std::chrono::seconds>(std::chrono::sys_time<std::chrono::milliseconds>(
            std::chrono::milliseconds(raw.timestamp_ms.value_or(0))));
    const bool is_in_window = time >= window_.since && time < window_.until;
    const std::string place = Place(message.topic, partition, message.offset);
    std::string event_id(message.event_id.value_or(""));
    if (event_id.empty()) event_id = place;
    const bool is_in_slice = IsInSlice(event_id);
    if (is_in_slice) CountRun(raw.Header("run_id").value_or(""), event_id);
    if (!is_in_window || !(is_in_slice || IsInSlice(place))) return;

    const auto record = parser_.Parse(message);
    // A message that is not a record may carry the event id of a real record, so its place
    // identifies it.
    if (!record) event_id = place;
    if (!IsInSlice(event_id)) return;
    const auto [known, is_new] = due_->marks.try_emplace(HashOf(event_id), std::uint8_t{0});
    if (!is_new) ++result_.duplicates;
    for (std::size_t i = 0; i < stores_.size(); ++i) {
      const auto mark = static_cast<std::uint8_t>(1U << i);
      if ((known->second & mark) != 0 || !stores_[i].IsDue(message)) continue;
      known->second |= mark;
      if (record) {
        stores_[i].Take({*record, place});
      } else {
        stores_[i].TakeAbsent(event_id, place);
      }
    }
  }

  void EndSlice() {
    ++slice_;
    result_.kafka += due_->marks.size();
    for (std::size_t i = 0; i < stores_.size(); ++i) {
      const auto pending =
          std::count_if(due_->marks.begin(), due_->marks.end(),
                        [&](const auto& id) { return (id.second & (1U << i)) == 0; });
      stores_[i].AddPending(static_cast<std::uint64_t>(pending));
    }
    due_ = std::make_unique<DueIds>();
    for (auto& [run_id, run] : runs_) {
      std::sort(run.ids.begin(), run.ids.end());
      run.held +=
          static_cast<std::uint64_t>(std::unique(run.ids.begin(), run.ids.end()) - run.ids.begin());
      run.ids.clear();
    }
  }

  TopicComparison Finish() {
    for (const auto& [run_id, run] : runs_) {
      result_.acknowledged += run.acknowledged;
      if (run.IsComplete()) continue;
      result_.lost += run.acknowledged - run.held;
      result_.differences.push_back(
          fmt::format("{}: the run {} had {} records acknowledged, and Kafka holds {}",
                      result_.topic, run_id, run.acknowledged, run.held));
    }
    for (StorePass& pass : stores_) {
      result_.stores.push_back(pass.Finish());
      const StoreComparison& store = result_.stores.back();
      if (store.missing == 0) continue;
      result_.differences.push_back(
          fmt::format("{}: {} does not hold {} of the records: {}{}", result_.topic, store.name,
                      store.missing, fmt::join(store.named_missing, ", "),
                      store.missing > store.named_missing.size() ? " ..." : ""));
    }
    return std::move(result_);
  }

 private:
  bool IsInSlice(const std::string& event_id) const {
    return slices_ == 1 || HashOf(event_id) % slices_ == slice_;
  }

  void CountRun(std::string_view run_id, const std::string& event_id) {
    const auto run = runs_.find(run_id);
    if (run == runs_.end()) return;
    ++run->second.messages;
    run->second.ids.push_back(HashOf(event_id));
  }

  const Window window_;
  const std::uint64_t slices_;
  std::uint64_t slice_ = 0;
  ConsumedRecordParser parser_;
  std::vector<StorePass> stores_;
  std::map<std::string, RunPass, std::less<>> runs_;
  std::unique_ptr<DueIds> due_ = std::make_unique<DueIds>();  // ids in the current slice and window
  TopicComparison result_;
};

}  // namespace

Reconciliation::Reconciliation(KafkaProperties kafka, const std::vector<std::string>& topics,
                               const Window& window,
                               std::vector<std::unique_ptr<StoreAudit>> audits,
                               const std::vector<Acknowledged>& acknowledged, const Stop& stop)
    : kafka_(std::move(kafka)), window_(window), stop_(stop) {
  for (const Acknowledged& said : acknowledged) runs_[said.topic][said.run_id] += said.records;
  std::vector<KafkaPartition> partitions;
  for (const auto& own : AllOf(KafkaReader(kafka_, "steamflow-scan", stop).Partitions(topics))) {
    partitions.insert(partitions.end(), own.begin(), own.end());
  }
  for (auto& audit : audits) {
    auto offsets = audit->StoredOffsets(partitions);
    stores_.push_back({std::move(audit), std::move(offsets), {}});
  }
  if (!stores_.empty()) ReadDeadLetters();
}

void Reconciliation::ReadDeadLetters() {
  TopicScan(kafka_, kDeadLetterTopic, window_.since - kMargin, stop_)
      .Each([&](std::int32_t, const KafkaMessage& message) {
        for (Store& store : stores_) {
          if (message.Header("task") != store.audit->sink()) continue;
          store.letters.insert(fmt::format("{}/{}/{}", message.Header("source_topic").value_or(""),
                                           message.Header("source_partition").value_or(""),
                                           message.Header("source_offset").value_or("")));
        }
        return true;
      });
}

TopicComparison Reconciliation::Compare(const std::string& topic) {
  std::optional<TopicScan> scan;
  const auto look = [&] { scan.emplace(kafka_, topic, window_.since - kMargin, stop_); };
  look();
  const std::uint64_t slices = scan->count() / kMostIds + 1;
  TopicPass pass(topic, window_, stores_, runs_[topic], slices);
  for (std::uint64_t slice = 0; slice < slices; ++slice) {
    if (slice > 0) look();
    scan->Each([&](std::int32_t partition, const KafkaMessage& message) {
      pass.Take(partition, message);
      return true;
    });
    pass.EndSlice();
  }
  return pass.Finish();
}

}  // namespace steamflow
