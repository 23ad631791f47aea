#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "child_process.h"

namespace steamflow::test {

struct Message {
  std::string key;
  std::string value;
  std::map<std::string, std::string> headers;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  bool is_tombstone = false;  // it has no value, rather than an empty one
  std::int64_t timestamp_ms = 0;
};

// Everything in a topic, from its first to its last committed message, in the order of partitions
// and offsets. Throws std::runtime_error where the topic cannot be read within 30 s.
std::vector<Message> ReadTopic(const std::string& brokers, const std::string& topic);

struct NewMessage {
  std::optional<std::string> key;
  std::optional<std::string> value;  // nothing: a tombstone
  std::map<std::string, std::string> headers;
  std::int32_t partition = RD_KAFKA_PARTITION_UA;  // by default by the key
  std::int64_t timestamp_ms = 0;                   // since the epoch; 0 = now
};

// A time for a message that no retention takes.
inline std::int64_t MillisecondsAgo(std::int64_t milliseconds) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count() - milliseconds;
}

// Puts messages into a topic, in their order, and waits until they are there. Throws
// std::runtime_error.
void WriteTopic(const std::string& brokers, const std::string& topic,
                const std::vector<NewMessage>& messages);

// Makes a topic, unless it is there, and waits until its partitions have leaders. Throws
// std::runtime_error.
void CreateTopic(const std::string& brokers, const std::string& topic, int partitions = 3,
                 const std::map<std::string, std::string>& config = {});

// What a cluster says of a topic. Both throw std::runtime_error where it does not answer.
int PartitionsOf(const std::string& brokers, const std::string& topic);  // with leaders; 0 = none
std::string ConfigOf(const std::string& brokers, const std::string& topic, const std::string& name);

// Real brokers of this test's own, which end with its process even when that is killed.
class RealKafka {
 public:
  // `options`: more of `tests/services/kafka start`.
  explicit RealKafka(int brokers, const std::vector<std::string>& options = {});

  const std::string& brokers() const { return brokers_; }
  // Where a login is needed; with --logins.
  const std::string& guarded() const { return guarded_; }
  void Kill(int broker) const;  // with SIGKILL; they count from 1
  // Starts it again, so that it tells clients this address.
  void Move(int broker, const std::string& address) const;

 private:
  const std::string folder_;
  standin::ChildProcess process_;
  const std::string brokers_;
  std::string guarded_;
};

// The addresses of a real Kafka: STEAMFLOW_TEST_BROKERS, or else one that this test binary starts
// at the first call and stops at its end.
const std::string& RealBrokers();

// A topic name that no other test has.
std::string UniqueTopic(const std::string& start);

}  // namespace steamflow::test
