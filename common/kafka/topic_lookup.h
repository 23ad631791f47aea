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

// Looks for a topic on a thread of its own, beside whatever else is to be done first: a producer's
// first message may wait a second where librdkafka has to look for its topic then. For the .cpp
// files that use librdkafka; both handles must outlive this.
class TopicLookup {
 public:
  TopicLookup(rd_kafka_s* kafka, rd_kafka_topic_s* topic, Clock::time_point until);
  ~TopicLookup();  // gives up
  TopicLookup(const TopicLookup&) = delete;
  TopicLookup& operator=(const TopicLookup&) = delete;

  // What was found, an rd_kafka_resp_err_t (0: the topic is there); nothing where that is not known
  // after `at_most`.
  std::optional<int> Wait(std::chrono::milliseconds at_most);

 private:
  int Ask(std::chrono::milliseconds timeout) const;
  int LookUp();

  rd_kafka_s* const kafka_;
  rd_kafka_topic_s* const topic_;
  const Clock::time_point until_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<bool> closing_ = false;
  std::optional<int> found_;
  std::thread thread_;
};

}  // namespace steamflow
