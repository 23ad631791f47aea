#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "consumed_record.h"
#include "dead_letters.h"
#include "kafka_reader.h"

namespace steamflow {

// The dead letters of one batch of a sink, kept until the batch is being stored.
class BatchDeadLetters {
 public:
  // `producer` and `letters` belong together and outlive this.
  BatchDeadLetters(KafkaProducer& producer, DeadLetters& letters)
      : producer_(producer), letters_(letters) {}

  // A message as it came. Copies what it needs.
  void Add(const ConsumedMessage& message, const std::vector<KafkaHeader>& headers,
           std::string_view reason);

  // Writes all of them and waits until each is acknowledged; to be called once, before the offsets
  // behind them are stored. Throws TaskError where that fails.
  void Send();

  std::size_t count() const { return kept_.size(); }
  std::size_t bytes() const { return bytes_; }
  // Forgets all but the first ones.
  void Shorten(std::size_t count);

 private:
  struct Kept {
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    std::string event_id;
    std::optional<std::string> key;
    std::optional<std::string> value;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string reason;

    std::size_t bytes() const {
      return sizeof(Kept) + key.value_or("").size() + value.value_or("").size();
    }
  };

  KafkaProducer& producer_;
  DeadLetters& letters_;
  std::deque<Kept> kept_;
  std::size_t bytes_ = 0;
};

}  // namespace steamflow
