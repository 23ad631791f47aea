#include "drain_batch.h"

#include <fmt/format.h>

#include <chrono>
#include <numeric>

namespace steamflow {
namespace {
constexpr std::size_t kMostDeadLetters = 1000;
constexpr std::size_t kMostDeadLetterBytes = 4U << 20U;

std::size_t SizeOf(const ConsumedMessage& message) {
  return message.key.value_or("").size() + message.value.value_or("").size();
}
}  // namespace

bool DrainBatch::IsFull() const {
  return batch_->IsFull() || letters_.count() >= kMostDeadLetters ||
         letters_.bytes() >= kMostDeadLetterBytes;
}

void DrainBatch::Clear(std::size_t topics) {
  batch_->Clear();
  letters_.Clear();
  records_.assign(topics, 0);
  tried_.assign(topics, 0);
  moves_.clear();
  moved_.clear();
  bytes_ = 0;
}

void DrainBatch::Add(std::size_t topic, const ConsumedRecord& record) {
  ++records_[topic];
  ++tried_[topic];
  bytes_ += SizeOf(record.message);
  batch_->Add(record);
}

void DrainBatch::AddPoison(std::size_t topic, const ConsumedMessage& message,
                           const std::vector<KafkaHeader>& headers, std::string_view reason) {
  ++records_[topic];
  bytes_ += SizeOf(message);
  letters_.Add(message, headers, reason);
}

void DrainBatch::AddMove(std::size_t partition, PositionMove move) {
  moves_.push_back(std::move(move));
  moved_.push_back(partition);
}

DrainBatch::Storing DrainBatch::Store(RefusalFuse& fuse, const std::vector<std::string>& topics,
                                      std::launch how) {
  for (std::size_t i = 0; i < topics.size(); ++i) fuse.Try(topics[i], tried_[i]);
  return std::async(how, [this] {
    const auto begun = Clock::now();
    auto stored = batch_->Store(moves_, letters_);
    duration_ = Clock::now() - begun;
    return stored;
  });
}

void DrainBatch::Tell(Log& log, const std::string& store, const SinkBatch::Stored& stored) const {
  log.Debug(fmt::format(
      "batch into {}: {} records, {} bytes, {} ms; {} inserted, {} duplicates, {} dead letters",
      store, std::accumulate(records_.begin(), records_.end(), std::uint64_t{0}), bytes_,
      std::chrono::duration_cast<std::chrono::milliseconds>(duration_).count(), stored.inserted,
      stored.duplicates, dead_letters()));
  for (const PositionMove& move : moves_) {
    log.Debug(fmt::format("position {}/{}: from {} to {}", move.partition.topic, move.partition.id,
                          move.from ? fmt::to_string(move.from->offset) : "none", move.to.offset));
  }
}

}  // namespace steamflow
