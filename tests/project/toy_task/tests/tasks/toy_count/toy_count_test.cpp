#include <gtest/gtest.h>

#include "program.h"

namespace steamflow::test {
namespace {

TEST(ToyCount, Counts) {
  const Ended run = RunProgram({"toy-count", "--to", "3"}, {});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.Result().Raw("/numbers"), "[1,2,3]");
}

TEST(ToyCount, RefusesWhatIsNoNumber) {
  EXPECT_EQ(RunProgram({"toy-count", "--to", "far"}, {}).exit_code, 64);
}

}  // namespace
}  // namespace steamflow::test
