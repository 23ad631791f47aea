#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace steamflow {

// Limits the total size of the response bodies in flight. When the limit is reached, one body may
// still grow, so that at least one response completes; any other body that grows must be given up.
class BodyBudget {
 public:
  // `most` is the limit in bytes.
  explicit BodyBudget(std::uint64_t most) : most_(most) {}

  // Returns whether the response to one more request is expected to fit, judging by the size of
  // recent ones.
  bool HasRoom(std::size_t in_flight) const {
    return in_flight == 0 || (in_flight + 1) * expected_ <= most_;
  }

  // Records that a body of `size` bytes is about to grow by `more`. Returns false if it must be
  // given up.
  bool Grow(const void* body, std::uint64_t size, std::uint64_t more) {
    expected_ = std::max(expected_, size + more);
    if (sum_ + more > most_) {
      if (!chosen_) chosen_ = body;
      if (chosen_ != body) return false;
    }
    sum_ += more;
    return true;
  }

  // Records that a body of `size` bytes is complete or was given up.
  void End(const void* body, std::uint64_t size) {
    sum_ -= size;
    if (chosen_ == body) chosen_ = nullptr;
    // The expected size decays, so that one exceptionally large body does not count for ever.
    expected_ = std::max(size, expected_ - expected_ / 8);
  }

 private:
  const std::uint64_t most_;
  std::uint64_t sum_ = 0;
  // An estimate of the next body's size: that of the largest recent one.
  std::uint64_t expected_ = 0;
  const void* chosen_ = nullptr;  // may grow beyond the limit
};

}  // namespace steamflow
