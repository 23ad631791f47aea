#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "task_error.h"

namespace steamflow {

// A partition and the broker that leads it.
struct KafkaPartition {
  std::string topic;
  std::int32_t id = 0;
  // The leader, "host:9092/1" in librdkafka's notation. If it is empty, the partition has no leader
  // at the moment and can be neither queried nor read.
  std::string leader;
};

// The offsets that a partition holds at one moment: from `begin` up to, but not including, `end`.
struct KafkaRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

// One result or error for each element of a request, so that one failure does not hold up the
// others.
template <typename T>
using KafkaResults = std::vector<tl::expected<T, TaskError>>;

// Returns all results, for callers that need every one. Throws the first error instead if there is
// one.
template <typename T>
std::vector<T> AllOf(KafkaResults<T> results) {
  std::vector<T> all;
  for (auto& result : results) {
    if (!result) throw result.error();
    all.push_back(*std::move(result));
  }
  return all;
}

}  // namespace steamflow
