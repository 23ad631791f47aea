#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "record_output.h"
#include "result.h"

namespace steamflow {

// What the API said of an item that yields no record; kOk for one that does.
enum class Outcome { kOk, kEmpty, kWithheld, kAbsent };

// Which items of a run, numbered 0, 1, 2 ... in the order of the walk, are done: answered by the
// API, with every record of them delivered. Keeps only what lies between the first item that is not
// done and the last that was begun, so memory does not grow with the run.
class ItemTracker {
 public:
  // Counts the items that are done into `counts`, which must outlive this.
  explicit ItemTracker(Items& counts) : counts_(counts) {}

  // A record or dead letter of the item went out; it comes back through Delivered.
  void Sent(std::uint64_t item) { ++At(item).outstanding; }
  // The API has answered for the item, and all that it yields has been Sent.
  void Answered(std::uint64_t item, Outcome outcome);
  // An item with a failed delivery is never done.
  void Delivered(std::uint64_t item, Delivery delivery);

  // Whether all that is left of the item are dead letters that are kept until they are sent.
  bool AwaitsDeadLetters(std::uint64_t item) const;
  std::vector<std::uint64_t> AwaitingDeadLetters() const;  // all of these
  // The dead letters of the item are on their way.
  void SentDeadLetters(std::uint64_t item) { At(item).kept = 0; }

  // No position may move: no item counts as done, and no dead letter may be sent.
  void Hold() { is_held_ = true; }

  // How many items from the first on are done without a gap.
  std::uint64_t DonePrefix() const { return is_held_ ? 0 : first_; }
  bool IsDone(std::uint64_t item) const;
  std::uint64_t done() const { return done_; }  // how many in all

 private:
  struct State {
    std::uint32_t outstanding = 0;
    std::uint32_t kept = 0;  // dead letters, of those outstanding
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
  std::uint64_t first_ = 0;  // the number of items_.front()
  std::uint64_t done_ = 0;
  std::deque<State> items_;
  bool is_held_ = false;
};

}  // namespace steamflow
