#include "item_tracker.h"

namespace steamflow {

void ItemTracker::Answered(std::uint64_t item, Outcome outcome) {
  State& state = At(item);
  state.answered = true;
  state.outcome = outcome;
  Settle(state);
}

void ItemTracker::Delivered(std::uint64_t item, Delivery delivery) {
  State& state = At(item);
  if (delivery == Delivery::kKept) {
    ++state.kept;
    return;
  }
  --state.outstanding;
  if (delivery == Delivery::kRecord) state.has_record = true;
  if (delivery == Delivery::kFailed) state.failed = true;
  Settle(state);
}

bool ItemTracker::IsDone(std::uint64_t item) const {
  if (is_held_) return false;
  if (item < first_) return true;
  const auto index = static_cast<std::size_t>(item - first_);
  return index < items_.size() && items_[index].done;
}

bool ItemTracker::AwaitsDeadLetters(const State& state) {
  return state.answered && !state.failed && state.kept > 0 && state.kept == state.outstanding;
}

bool ItemTracker::AwaitsDeadLetters(std::uint64_t item) const {
  if (is_held_ || item < first_) return false;
  const auto index = static_cast<std::size_t>(item - first_);
  return index < items_.size() && AwaitsDeadLetters(items_[index]);
}

std::vector<std::uint64_t> ItemTracker::AwaitingDeadLetters() const {
  std::vector<std::uint64_t> awaiting;
  for (std::uint64_t item = first_; item < first_ + items_.size(); ++item) {
    if (AwaitsDeadLetters(item)) awaiting.push_back(item);
  }
  return awaiting;
}

ItemTracker::State& ItemTracker::At(std::uint64_t item) {
  const auto index = static_cast<std::size_t>(item - first_);
  if (index >= items_.size()) items_.resize(index + 1);
  return items_[index];
}

void ItemTracker::Settle(State& state) {
  if (!state.answered || state.outstanding > 0 || state.failed) return;
  state.done = true;
  ++done_;
  switch (state.outcome) {
    case Outcome::kOk:
      ++(state.has_record ? counts_.ok : counts_.rejected);
      break;
    case Outcome::kEmpty:
      ++counts_.empty;
      break;
    case Outcome::kWithheld:
      ++counts_.withheld;
      break;
    case Outcome::kAbsent:
      ++counts_.absent;
      break;
  }
  while (!items_.empty() && items_.front().done) {
    items_.pop_front();
    ++first_;
  }
}

}  // namespace steamflow
