#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "task_error.h"

namespace steamflow {

struct KafkaPartition {
  std::string topic;
  std::int32_t id = 0;
  // The broker to ask, "host:9092/1" as librdkafka names one; empty: there is none now, and the
  // partition can neither be asked about nor read.
  std::string leader;
};

// What a partition holds at one time: the offsets from `begin` up to, not including, `end`.
struct KafkaRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

// A result for each that was asked about, or why there is none: one that cannot be had does not
// hold up the others.
template <typename T>
using KafkaResults = std::vector<tl::expected<T, TaskError>>;

// For who needs all of them. Throws the first TaskError.
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
