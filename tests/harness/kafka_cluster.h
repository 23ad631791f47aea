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
  bool is_tombstone = false;  // has no value, as opposed to an empty one
  std::int64_t timestamp_ms = 0;
};

// Returns all messages of a topic, from the first to the last committed one, in the order of
// partitions and offsets. Throws std::runtime_error if the topic cannot be read within 30 s.
std::vector<Message> ReadTopic(const std::string& brokers, const std::string& topic);

struct NewMessage {
  std::optional<std::string> key;
  std::optional<std::string> value;  // nullopt for a tombstone
  std::map<std::string, std::string> headers;
  std::int32_t partition = RD_KAFKA_PARTITION_UA;  // chosen by the key by default
  std::int64_t timestamp_ms = 0;                   // since the epoch; 0 = now
};

// Returns a timestamp that is recent enough to be kept by every retention.
inline std::int64_t MillisecondsAgo(std::int64_t milliseconds) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count() - milliseconds;
}

// Writes messages to a topic in their order and waits until they have been delivered. Throws
// std::runtime_error.
void WriteTopic(const std::string& brokers, const std::string& topic,
                const std::vector<NewMessage>& messages);

// Creates a topic unless it exists, and waits until its partitions have leaders. Throws
// std::runtime_error.
void CreateTopic(const std::string& brokers, const std::string& topic, int partitions = 3,
                 const std::map<std::string, std::string>& config = {});

// Returns the number of partitions that have a leader, or 0 if the topic does not exist. Throws
// std::runtime_error if the cluster does not respond, as ConfigOf does.
int PartitionsOf(const std::string& brokers, const std::string& topic);
std::string ConfigOf(const std::string& brokers, const std::string& topic, const std::string& name);

// Real brokers that only this test uses. They end with the process of the test, even if it is
// killed.
class RealKafka {
 public:
  // `options` are further options of `tests/services/kafka start`.
  explicit RealKafka(int brokers, const std::vector<std::string>& options = {});

  const std::string& brokers() const { return brokers_; }
  // The addresses that require a login; with --logins.
  const std::string& guarded() const { return guarded_; }
  void Kill(int broker) const;  // with SIGKILL; the first broker is 1
  // Restarts the broker so that it advertises this address to clients.
  void Move(int broker, const std::string& address) const;

 private:
  const std::string folder_;
  standin::ChildProcess process_;
  const std::string brokers_;
  std::string guarded_;
};

// Returns the addresses of a real Kafka: STEAMFLOW_TEST_BROKERS, or one that this test binary
// starts on the first call and stops when it ends.
const std::string& RealBrokers();

// Returns a topic name that no other test uses.
std::string UniqueTopic(const std::string& start);

}  // namespace steamflow::test
