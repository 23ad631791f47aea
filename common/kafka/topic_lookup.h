#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "kafka_handles.h"
#include "stop.h"

namespace steamflow {

// Looks for a topic on its own thread while the caller does other things first. If librdkafka has
// to look for the topic when the first message is produced, that message may wait a second. Only
// .cpp files that use librdkafka use this; both handles must outlive it.
class TopicLookup {
 public:
  // Starts to look for the topic and gives up after `until`.
  TopicLookup(rd_kafka_s* kafka, rd_kafka_topic_s* topic, Clock::time_point until);
  ~TopicLookup();  // stops the search and waits for the thread
  TopicLookup(const TopicLookup&) = delete;
  TopicLookup& operator=(const TopicLookup&) = delete;

  // Returns the result as an rd_kafka_resp_err_t (0 if the topic exists), or nullopt if it is still
  // unknown after `at_most`.
  std::optional<int> Wait(std::chrono::milliseconds at_most);

 private:
  // Sends one metadata request for the topic.
  int Ask(std::chrono::milliseconds timeout) const;
  // The function of the thread. Repeats the request, because a new topic is not known to all
  // brokers at once.
  int LookUp();

  rd_kafka_s* const kafka_;
  rd_kafka_topic_s* const topic_;
  const Clock::time_point until_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Set by the destructor. The thread notices it after its current request, within a second.
  std::atomic<bool> closing_ = false;
  std::optional<int> found_;
  std::thread thread_;
};

}  // namespace steamflow
