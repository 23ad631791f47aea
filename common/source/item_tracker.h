#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "record_output.h"
#include "result.h"

namespace steamflow {

// What the API said about an item. kOk means that the item yields records or dead letters; the
// others yield none, because it exists and has nothing, is private, or does not exist.
enum class Outcome { kOk, kEmpty, kWithheld, kAbsent };

// Tracks which items of a run are done. An item is done once the API has answered for it and every
// record and dead letter of it has been delivered. Items are numbered 0, 1, 2 ... in the order in
// which the position passes them. The tracker keeps only the items between the first that is not
// done and the last that was begun, so its memory does not grow with the run.
class ItemTracker {
 public:
  // Counts the items that are done into `counts`, which must outlive this object.
  explicit ItemTracker(Items& counts) : counts_(counts) {}

  // Notes that a record or dead letter of the item was handed to the output, which reports through
  // Delivered what became of it.
  void Sent(std::uint64_t item) { ++At(item).outstanding; }
  // Notes that the API has answered for the item and that everything it yields has been Sent.
  void Answered(std::uint64_t item, Outcome outcome);
  // Notes what became of one record or dead letter. An item with a failed delivery is never done.
  void Delivered(std::uint64_t item, Delivery delivery);

  // Returns whether the item would be done if its dead letters, which the output still holds back,
  // were sent. False if the item has none.
  bool AwaitsDeadLetters(std::uint64_t item) const;
  // Returns all items for which AwaitsDeadLetters is true.
  std::vector<std::uint64_t> AwaitingDeadLetters() const;
  // Notes that the output no longer holds back the dead letters of the item.
  void SentDeadLetters(std::uint64_t item) { At(item).kept = 0; }

  // Stops every position from moving: from now on no item counts as done, and none awaits dead
  // letters. Used when the sink is configured wrongly.
  void Hold() { is_held_ = true; }

  // Returns how many items from the first one on are done without a gap.
  std::uint64_t DonePrefix() const { return is_held_ ? 0 : first_; }
  bool IsDone(std::uint64_t item) const;
  std::uint64_t done() const { return done_; }  // the number of items that are done, gaps or not

 private:
  struct State {
    std::uint32_t outstanding = 0;  // records and dead letters that were Sent and not Delivered
    std::uint32_t kept = 0;         // how many of them are dead letters that the output holds back
    Outcome outcome = Outcome::kOk;
    bool answered = false;
    bool failed = false;
    bool has_record = false;
    bool done = false;
  };
  State& At(std::uint64_t item);
  static bool AwaitsDeadLetters(const State& state);
  void Settle(State& state);

  Items& counts_;
  std::uint64_t first_ = 0;  // the item that items_.front() describes; all before it are done
  std::uint64_t done_ = 0;
  std::deque<State> items_;
  bool is_held_ = false;
};

}  // namespace steamflow
