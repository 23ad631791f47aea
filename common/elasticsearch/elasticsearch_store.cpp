#include "elasticsearch_store.h"

#include <utility>

#include "index_names.h"

namespace steamflow {
namespace {

constexpr std::size_t kFullBytes = 4U << 20U;                 // two of them are on their way
constexpr std::size_t kMostBytes = kFullBytes + (1U << 20U);  // as a rule

}  // namespace

class ElasticsearchStore::Batch : public SinkBatch {
 public:
  explicit Batch(ElasticsearchStore& store) : store_(store) { body_.Reserve(kMostBytes); }

  void Add(const ConsumedRecord& record) override {
    body_.Add(record, store_.indices_.find(record.message.topic)->second);
  }
  bool IsFull() const override { return body_.bytes() >= kFullBytes; }
  void Stage() override { sending_ = store_.sender_.Queue(body_, !IsFull()); }

  std::optional<Stored> Store(const std::vector<PositionMove>& moves,
                              BatchDeadLetters& letters) override {
    const auto responses = store_.sender_.Await(*std::exchange(sending_, nullptr));
    std::string value;
    for (const auto& [item, reason] : responses.refusals) {
      const ConsumedMessage message = body_.Message(item, value);
      letters.Add(message, {{"event_id", *message.event_id}}, reason);
    }
    letters.Send();
    store_.Commit(moves);
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
                                       const DrainOptions& options, const Run& run)
    : sender_(server, run),
      group_(ReadKafkaProperties(options.kafka, run.log), "steamflow-elasticsearch", run.stop) {
  for (const std::string& topic : options.topics) {
    indices_.emplace(topic, IndexName(index_prefix, topic));
  }
}

ElasticsearchStore::~ElasticsearchStore() = default;

std::vector<std::optional<SinkPosition>> ElasticsearchStore::Positions(
    const std::vector<KafkaPartition>& partitions) {
  std::vector<std::optional<SinkPosition>> positions(partitions.size());
  const auto committed = group_.Committed(partitions);
  for (std::size_t i = 0; i < committed.size(); ++i) {
    if (committed[i]) positions[i] = SinkPosition{*committed[i], std::nullopt};
  }
  return positions;
}

std::unique_ptr<SinkBatch> ElasticsearchStore::MakeBatch() {
  return std::make_unique<Batch>(*this);
}

// A run beside this one may have got further: its offsets are not moved back.
void ElasticsearchStore::Commit(const std::vector<PositionMove>& moves) {
  std::vector<KafkaPartition> partitions;
  for (const PositionMove& move : moves) partitions.push_back(move.partition);
  const auto committed = group_.Committed(partitions);
  std::vector<KafkaPartition> moved;
  std::vector<std::int64_t> offsets;
  for (std::size_t i = 0; i < moves.size(); ++i) {
    const bool is_ours = moves[i].from && moves[i].from->offset == committed[i];
    if (committed[i] && !is_ours && *committed[i] >= moves[i].to.offset) continue;
    moved.push_back(moves[i].partition);
    offsets.push_back(moves[i].to.offset);
  }
  if (!moved.empty()) group_.Commit(moved, offsets);
}

}  // namespace steamflow
