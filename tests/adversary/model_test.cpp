// Tests the driver of the models: it finds a fault that needs two runs in a certain order, and
// reduces the steps to that order.

#include "model.h"

#include <memory>

namespace steamflow::test {
namespace {

// Runs that increment a counter by reading and then writing it, which loses counts.
class Counters {
 public:
  void Do(const Step& step) {
    if (step.action == 0) {
      runs_.push_back(std::make_unique<Actor>([this](Actor& run) {
        const int held = run.Effect([&] { return counter_; });
        run.Effect([&] { return counter_ = held + 1; });
        ++finished_;
      }));
    } else if (!runs_.empty()) {
      Actor& run = *runs_[step.numbers[0] % runs_.size()];
      if (!run.is_over()) run.Go(Fate::kDone);
    }
    if (counter_ < finished_) throw std::logic_error("a count is lost");
  }
  void Finish() {}
  static std::string Show(const Step& step) { return step.action == 0 ? "begin" : "go on"; }

 private:
  int counter_ = 0;
  int finished_ = 0;
  std::vector<std::unique_ptr<Actor>> runs_;
};

TEST(ModelTest, FindsTheShortestWayToAFault) {
  std::mt19937_64 random(7);
  Steps steps(60);
  for (Step& step : steps) {
    step = {static_cast<std::uint32_t>(random() % 2), {static_cast<std::uint32_t>(random() % 100)}};
  }
  ASSERT_EQ(Play<Counters>(steps), "a count is lost");
  const Steps shrunk = Shrink<Counters>(steps);
  // The shortest failure: two runs begin, both read, both write.
  EXPECT_EQ(shrunk.size(), 6U);
  EXPECT_EQ(Play<Counters>(shrunk), "a count is lost");
}

TEST(ModelTest, AKilledRunHasNoFurtherEffect) {
  int effects = 0;
  Actor run([&](Actor& self) {
    self.Effect([&] { return ++effects; });
    self.Effect([&] { return ++effects; });
  });
  run.Go(Fate::kKilledAfter);
  EXPECT_TRUE(run.is_over());
  EXPECT_EQ(effects, 1);
}

}  // namespace
}  // namespace steamflow::test
