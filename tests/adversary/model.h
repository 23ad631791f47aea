#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <functional>
#include <iostream>
#include <random>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "task_error.h"

// Model tests: production code, with its surroundings replaced, is driven by random steps and
// checked against invariants. A world is what the steps of a sequence act on. If it throws
// std::logic_error, the sequence is reduced to the shortest one that still makes a world throw, and
// printed with the seed.
namespace steamflow::test {

// One thing that happens. Every step makes sense in every world, so that steps can be left out: a
// number chooses one of the existing things by its remainder.
struct Step {
  std::uint32_t action = 0;
  std::array<std::uint32_t, 3> numbers{};
};
using Steps = std::vector<Step>;

// What happens to the effect that a run is about to have.
enum class Fate { kDone, kRefused, kResponseLost, kKilledBefore, kKilledAfter };
inline constexpr std::uint32_t kFates = 5;

// One of several runs: its code stops before each of its effects until it is told to continue.
class Actor {
 public:
  // Runs `body` up to its first effect.
  explicit Actor(std::function<void(Actor&)> body) : body_(std::move(body)) {
    thread_ = std::thread([this] {
      mine_.acquire();
      try {
        body_(*this);
      } catch (const Killed&) {
        // The process was killed, so everything in its memory is lost.
      } catch (...) {
        error_ = std::current_exception();
      }
      is_over_ = true;
      theirs_.release();
    });
    Resume();
  }
  ~Actor() {
    fate_ = Fate::kKilledBefore;
    while (!is_over_) Resume();
    thread_.join();
  }
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;

  bool is_over() const { return is_over_; }

  // Gives the effect before which the run waits its fate, and runs on to the next effect.
  void Go(Fate fate) {
    fate_ = fate;
    Resume();
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  }

  // Called by the run: has an effect on the outside world, or suffers the fate that replaces it.
  template <typename Function>
  auto Effect(Function effect) {
    theirs_.release();
    mine_.acquire();
    if (fate_ == Fate::kKilledBefore) throw Killed();
    if (fate_ == Fate::kRefused) throw TaskError(ExitCode::kTransient, "refused");
    auto response = effect();
    if (fate_ == Fate::kKilledAfter) throw Killed();
    if (fate_ == Fate::kResponseLost) throw TaskError(ExitCode::kTransient, "no response");
    return response;
  }

 private:
  struct Killed {};

  void Resume() {
    mine_.release();
    theirs_.acquire();
  }

  const std::function<void(Actor&)> body_;
  std::binary_semaphore mine_{0};
  std::binary_semaphore theirs_{0};
  Fate fate_ = Fate::kDone;
  bool is_over_ = false;
  std::exception_ptr error_;
  std::thread thread_;
};

// Plays the steps in a new world. Returns what went wrong and at which step, or an empty text.
template <typename World>
std::string Play(const Steps& steps, std::size_t* count = nullptr) {
  World world;
  std::size_t done = 0;
  try {
    for (; done < steps.size(); ++done) world.Do(steps[done]);
    world.Finish();
  } catch (const std::logic_error& error) {
    if (count) *count = std::min(done + 1, steps.size());
    return error.what();
  }
  return "";
}

// Removes the steps that are not needed to make the world go wrong, and makes the numbers small.
template <typename World>
Steps Shrink(Steps steps) {
  for (std::size_t size = steps.size(); size > 0; size /= 2) {
    for (std::size_t at = 0; at + size <= steps.size();) {
      Steps fewer = steps;
      const auto from = fewer.begin() + static_cast<std::ptrdiff_t>(at);
      fewer.erase(from, from + static_cast<std::ptrdiff_t>(size));
      if (Play<World>(fewer).empty()) {
        at += size;
      } else {
        steps = std::move(fewer);
      }
    }
  }
  for (Step& step : steps) {
    for (std::uint32_t& number : step.numbers) {
      for (std::uint32_t held = number; number > 0; held = number) {
        number /= 2;
        if (!Play<World>(steps).empty()) continue;
        number = held;
        break;
      }
    }
  }
  return steps;
}

// Drives worlds through `total` random steps, `length` in each world. STEAMFLOW_MODEL_SEED, with
// the seed that a failure has printed, repeats that failure.
template <typename World>
void DriveModel(std::size_t total, std::size_t length) {
  const char* const given = std::getenv("STEAMFLOW_MODEL_SEED");
  const std::uint64_t first = given ? std::stoull(given) : std::random_device{}();
  std::cout << "STEAMFLOW_MODEL_SEED=" << first << "\n";
  for (std::uint64_t seed = first; seed < first + total / length; ++seed) {
    std::mt19937_64 random(seed);
    Steps steps(length);
    for (Step& step : steps) {
      step.action = static_cast<std::uint32_t>(random() % World::kActions);
      for (std::uint32_t& number : step.numbers)
        number = static_cast<std::uint32_t>(random() % 1000);
    }
    std::size_t count = 0;
    const std::string wrong = Play<World>(steps, &count);
    if (wrong.empty()) continue;
    steps.resize(count);
    steps = Shrink<World>(std::move(steps));
    std::string shown;
    for (const Step& step : steps) shown += "  " + World::Show(step) + "\n";
    FAIL() << "STEAMFLOW_MODEL_SEED=" << seed << ": " << wrong << "\nShrunk to " << steps.size()
           << " steps: " << Play<World>(steps) << "\n"
           << shown;
  }
}

}  // namespace steamflow::test
