#include "drain_batch.h"

namespace steamflow {
namespace {
constexpr std::size_t kMostDeadLetters = 1000;
constexpr std::size_t kMostDeadLetterBytes = 4U << 20U;
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
}

void DrainBatch::Add(std::size_t topic, const ConsumedRecord& record) {
  ++records_[topic];
  ++tried_[topic];
  batch_->Add(record);
}

void DrainBatch::AddPoison(std::size_t topic, const ConsumedMessage& message,
                           const std::vector<KafkaHeader>& headers, std::string_view reason) {
  ++records_[topic];
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

}  // namespace steamflow
