#include "elasticsearch_store.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "index_names.h"
#include "template_file.h"

namespace steamflow {
namespace {

constexpr std::size_t kFullBytes = 5U << 19U;                 // small, as two batches are in memory
constexpr std::size_t kMostBytes = kFullBytes + (1U << 20U);  // with the record that fills a batch
constexpr std::chrono::seconds kLongestTelling(5);

}  // namespace

class ElasticsearchStore::Batch : public SinkBatch {
 public:
  explicit Batch(ElasticsearchStore& store) : store_(store) { body_.Reserve(kMostBytes); }

  void Add(const ConsumedRecord& record) override {
    body_.Add(record, store_.aliases_.find(record.message.topic)->second);
  }
  bool IsFull() const override { return body_.bytes() >= kFullBytes; }
  // Does nothing if one of the indices was not checked yet: checking it uses the client, which
  // belongs to the thread that stores the previous batch. Store checks it then.
  void Stage() override {
    std::vector<std::string> places;
    for (const BulkBody::Index& index : body_.indices()) {
      auto place = store_.guard_.PlaceOf(index.name);
      if (!place) return;
      places.push_back(*std::move(place));
    }
    sending_ = store_.sender_.Queue(body_, std::move(places), !IsFull());
  }

  std::optional<Stored> Store(const std::vector<PositionMove>& moves,
                              BatchDeadLetters& letters) override {
    store_.positions_.CheckIndex();
    if (!sending_) LookAndSend();
    const auto responses = store_.sender_.Await(*std::exchange(sending_, nullptr));
    std::string value;
    std::map<std::size_t, MappingDifference> differences;  // by the number of the index
    for (const BulkSender::Refusal& refusal : responses.refusals) {
      const ConsumedMessage message = body_.Message(refusal.item, value);
      if (refusal.is_of_mapping && !store_.accepts_refusals_) {
        const std::size_t index = body_.IndexOf(refusal.item);
        auto found = differences.find(index);
        if (found == differences.end()) {
          found = differences.emplace(index, store_.Compare(body_.indices()[index])).first;
        }
        ThrowUnlessItsOwn(message, refusal.reason, body_.indices()[index].name, found->second);
      }
      letters.Refuse(message, {{"event_id", *message.event_id}}, refusal.error, refusal.reason);
    }
    letters.Send();
    if (!store_.positions_.Move(moves)) return std::nullopt;
    std::vector<KafkaPartition> partitions;
    std::vector<std::int64_t> offsets;
    for (const PositionMove& move : moves) {
      partitions.push_back(move.partition);
      offsets.push_back(move.to.offset);
    }
    store_.TellGroup(partitions, offsets);
    return Stored{responses.inserted, responses.duplicates};
  }

  void Clear() override {
    if (sending_) BulkSender::Forget(*sending_);
    sending_.reset();
    body_.Clear();
  }

 private:
  void LookAndSend() {
    std::vector<std::string> places;
    for (const auto& [name, alias, topic, is_of_state] : body_.indices()) {
      places.push_back(store_.guard_.Look({.name = name,
                                           .alias = alias,
                                           .hides_tombstones = is_of_state,
                                           .owner = OwnerOf(store_.index_prefix_, topic)}));
    }
    sending_ = store_.sender_.Queue(body_, std::move(places), !IsFull());
  }

  // A refusal is the record's own fault only if the index is as installed. Otherwise the difference
  // may be the cause, and a person has to decide.
  void ThrowUnlessItsOwn(const ConsumedMessage& message, const std::string& reason,
                         const std::string& index, const MappingDifference& difference) const {
    const auto to_blame = difference.ToBlame(message.value, reason);
    if (!to_blame) return;
    const RestServer& server = store_.client_.server();
    throw TaskError(
        ExitCode::kConfig,
        fmt::format("{}/{}: {}: {}: {} is not as elasticsearch-apply installs it: "
                    "reindex, or --accept-refusals makes such records dead letters "
                    "({})",
                    server.url, index, *message.event_id, reason, *to_blame, server.source));
  }

  ElasticsearchStore& store_;
  BulkBody body_;
  std::shared_ptr<BulkSender::Sending> sending_;
};

ElasticsearchStore::ElasticsearchStore(const RestServer& server, const std::string& index_prefix,
                                       const std::string& folder, const DrainOptions& options,
                                       Run& run)
    : index_prefix_(index_prefix),
      folder_(folder),
      accepts_refusals_(options.accept_refusals),
      sender_(server, run),
      client_(server, run, WhileAway::kCountRetries, AfterStop::kFinish),
      guard_(client_),
      positions_(client_, guard_, index_prefix),
      group_name_(index_prefix + "steamflow-elasticsearch"),
      group_(ReadKafkaProperties(options.kafka, run.log), group_name_, run.stop),
      log_(run.log) {
  std::map<std::string, std::string> topics;  // by alias
  for (const std::string& topic : options.topics) {
    const std::string alias = AliasName(index_prefix, topic);
    const auto [other, is_new] = topics.emplace(alias, topic);
    if (!is_new) {
      throw TaskError(ExitCode::kUsage, fmt::format("--topic: {} and {} would share the indices {}",
                                                    other->second, topic, alias));
    }
    aliases_.emplace(topic, alias);
  }
}

ElasticsearchStore::~ElasticsearchStore() = default;

std::vector<std::optional<SinkPosition>> ElasticsearchStore::Positions(
    const std::vector<KafkaPartition>& partitions) {
  auto positions = positions_.Read(partitions);
  std::vector<std::int64_t> offsets;
  for (const auto& position : positions) {
    offsets.push_back(position.value_or(SinkPosition()).offset);
  }
  TellGroup(partitions, offsets);
  return positions;
}

std::vector<KafkaPartition> ElasticsearchStore::StoredPartitions(
    const std::vector<std::string>& topics) {
  return positions_.Find(topics);
}

// Reads the index again at each call, because a dynamic mapping keeps changing.
MappingDifference ElasticsearchStore::Compare(const BulkBody::Index& index) {
  return {guard_.View(index.name), ReadTemplateFile(folder_, KindOf(index.topic))};
}

std::unique_ptr<SinkBatch> ElasticsearchStore::MakeBatch() {
  return std::make_unique<Batch>(*this);
}

// Commits the positions to the consumer group. A failure is only logged, because nothing but
// monitoring depends on the group; a refused login ends the run all the same.
void ElasticsearchStore::TellGroup(const std::vector<KafkaPartition>& partitions,
                                   const std::vector<std::int64_t>& offsets) {
  if (!group_listens_) return;
  std::vector<KafkaPartition> asked;
  std::vector<std::int64_t> told;
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    if (partitions[i].leader.empty()) continue;  // Kafka does not have it any more
    asked.push_back(partitions[i]);
    told.push_back(offsets[i]);
  }
  if (asked.empty()) return;
  try {
    group_.Commit(asked, told, kLongestTelling);
  } catch (const TaskError& error) {
    if (error.code() == ExitCode::kAuth) throw;
    group_listens_ = false;
    log_.Warning(
        fmt::format("the consumer group {} shows an old lag: {}", group_name_, error.what()));
  }
}

}  // namespace steamflow
