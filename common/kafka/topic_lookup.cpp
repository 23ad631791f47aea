#include "topic_lookup.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>

namespace steamflow {
namespace {

using std::chrono::milliseconds;

// The timeout for a response grows, for slow brokers, but only a little, because the destructor may
// have to wait for as long.
constexpr milliseconds kFirstTimeout(250);
constexpr milliseconds kLongestTimeout(1000);
constexpr milliseconds kRetryInterval(50);
// Not all brokers know a topic that was just created.
constexpr milliseconds kUnknownFor(1000);

}  // namespace

TopicLookup::TopicLookup(rd_kafka_s* kafka, rd_kafka_topic_s* topic, Clock::time_point until)
    : kafka_(kafka), topic_(topic), until_(until), thread_([this] {
        const int found = LookUp();
        const std::lock_guard lock(mutex_);
        found_ = found;
        changed_.notify_all();
      }) {}

TopicLookup::~TopicLookup() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

std::optional<int> TopicLookup::Wait(milliseconds at_most) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, at_most, [this] { return found_.has_value(); });
  return found_;
}

// Sends one request and returns its rd_kafka_resp_err_t.
int TopicLookup::Ask(milliseconds timeout) const {
  const rd_kafka_metadata_t* metadata = nullptr;
  auto error = rd_kafka_metadata(kafka_, 0, topic_, &metadata, static_cast<int>(timeout.count()));
  if (error) return error;
  error =
      metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
  rd_kafka_metadata_destroy(metadata);
  return error;
}

// Sends requests until a response is final, `until_` has passed, or the object is destroyed.
int TopicLookup::LookUp() {
  const auto unknown_until = Clock::now() + kUnknownFor;
  for (milliseconds timeout = kFirstTimeout;; timeout = std::min(2 * timeout, kLongestTimeout)) {
    const int error = Ask(timeout);
    const bool is_settled =
        error == RD_KAFKA_RESP_ERR_NO_ERROR ||
        error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
        error == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION ||
        (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART && Clock::now() >= unknown_until);
    if (is_settled || closing_ || Clock::now() >= until_) return error;
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kRetryInterval, [this] { return closing_.load(); });
  }
}

}  // namespace steamflow
