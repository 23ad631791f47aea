#include "elasticsearch_store.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "index_names.h"

namespace steamflow {
namespace {

constexpr std::size_t kFullBytes = 4U << 20U;                 // two of them are on their way
constexpr std::size_t kMostBytes = kFullBytes + (1U << 20U);  // as a rule
constexpr std::chrono::seconds kLongestTelling(5);

}  // namespace

class ElasticsearchStore::Batch : public SinkBatch {
 public:
  explicit Batch(ElasticsearchStore& store) : store_(store) { body_.Reserve(kMostBytes); }

  void Add(const ConsumedRecord& record) override {
    body_.Add(record, store_.aliases_.find(record.message.topic)->second);
  }
  bool IsFull() const override { return body_.bytes() >= kFullBytes; }
  void Stage() override { sending_ = store_.sender_.Queue(body_, !IsFull()); }

  std::optional<Stored> Store(const std::vector<PositionMove>& moves,
                              BatchDeadLetters& letters) override {
    const auto responses = store_.sender_.Await(*std::exchange(sending_, nullptr));
    std::string value;
    for (const auto& [item, error, reason] : responses.refusals) {
      const ConsumedMessage message = body_.Message(item, value);
      letters.Refuse(message, {{"event_id", *message.event_id}}, error, reason);
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
  ElasticsearchStore& store_;
  BulkBody body_;
  std::shared_ptr<BulkSender::Sending> sending_;
};

ElasticsearchStore::ElasticsearchStore(const RestServer& server, const std::string& index_prefix,
                                       const DrainOptions& options, Run& run)
    : sender_(server, run),
      positions_(server, index_prefix, run),
      group_name_(index_prefix + "steamflow-elasticsearch"),
      group_(ReadKafkaProperties(options.kafka, run.log), group_name_, run.stop),
      log_(run.log) {
  std::map<std::string, std::string> topics;  // by alias
  for (const std::string& topic : options.topics) {
    const std::string alias = IndexName(index_prefix, topic);
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

std::unique_ptr<SinkBatch> ElasticsearchStore::MakeBatch() {
  return std::make_unique<Batch>(*this);
}

// Nothing depends on it but what a monitor shows.
void ElasticsearchStore::TellGroup(const std::vector<KafkaPartition>& partitions,
                                   const std::vector<std::int64_t>& offsets) {
  if (partitions.empty() || !group_listens_) return;
  try {
    group_.Commit(partitions, offsets, kLongestTelling);
  } catch (const TaskError& error) {
    if (error.code() == ExitCode::kAuth) throw;
    group_listens_ = false;
    log_.Warning(
        fmt::format("the consumer group {} shows an old lag: {}", group_name_, error.what()));
  }
}

}  // namespace steamflow
