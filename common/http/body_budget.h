#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace steamflow {

// Keeps the bodies of responses under way below a sum. Where they grow past it one of them goes on,
// so that something always ends, and each other one that grows is to be given up.
class BodyBudget {
 public:
  explicit BodyBudget(std::uint64_t most) : most_(most) {}

  // Whether the response to one more request would fit, being as large as those of late.
  bool HasRoom(std::size_t in_flight) const {
    return in_flight == 0 || (in_flight + 1) * expected_ <= most_;
  }

  // A body of `size` bytes is about to grow by `more`. False where it has to be given up.
  bool Grow(const void* body, std::uint64_t size, std::uint64_t more) {
    expected_ = std::max(expected_, size + more);
    if (sum_ + more > most_) {
      if (!chosen_) chosen_ = body;
      if (chosen_ != body) return false;
    }
    sum_ += more;
    return true;
  }

  // A body is no longer under way, whole or not.
  void End(const void* body, std::uint64_t size) {
    sum_ -= size;
    if (chosen_ == body) chosen_ = nullptr;
    // One that was larger than all others is forgotten after a while.
    expected_ = std::max(size, expected_ - expected_ / 8);
  }

 private:
  const std::uint64_t most_;
  std::uint64_t sum_ = 0;
  std::uint64_t expected_ = 0;
  const void* chosen_ = nullptr;  // goes on whatever the sum is
};

}  // namespace steamflow
