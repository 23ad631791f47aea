#include "stop.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>

#include "test_run.h"

namespace steamflow {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::CodeOf;
using test::TestRun;

TEST(StopTest, LeavesPartOfTheDeadlineForTheEnd) {
  const auto before = Clock::now();
  const TestRun run(seconds(50));
  const Stop& stop = run.stop();
  EXPECT_GE(stop.finish_by(), before + seconds(50));
  EXPECT_LE(stop.finish_by(), Clock::now() + seconds(50));
  EXPECT_EQ(stop.finish_by() - stop.work_until(), seconds(5));
  EXPECT_FALSE(stop.Requested());
  EXPECT_EQ(stop.Signal(), 0);
  EXPECT_GT(stop.TimeLeft(), seconds(45));
}

TEST(StopTest, AShortDeadlineLeavesAFifth) {
  const TestRun run(seconds(10));
  EXPECT_EQ(run.stop().finish_by() - run.stop().work_until(), seconds(2));
}

TEST(StopTest, PastTheDeadlineNoTimeIsLeft) {
  const TestRun run(milliseconds(0));
  EXPECT_TRUE(run.stop().Requested());
  EXPECT_EQ(run.stop().TimeLeft(), milliseconds(0));
  EXPECT_EQ(run.stop().Signal(), 0) << "a deadline is not a signal";
}

TEST(StopTest, ASignalIsReadInsteadOfEndingTheProcess) {
  for (const auto& [signal, code] :
       {std::pair(SIGTERM, ExitCode::kTerminated), std::pair(SIGINT, ExitCode::kInterrupted)}) {
    const TestRun run(seconds(50));
    const Stop& stop = run.stop();
    ASSERT_EQ(::kill(::getpid(), signal), 0);
    pollfd wanted{.fd = stop.fd(), .events = POLLIN, .revents = 0};
    ASSERT_EQ(::poll(&wanted, 1, 10'000), 1);
    EXPECT_TRUE(stop.Requested());
    EXPECT_EQ(stop.Signal(), signal);
    EXPECT_EQ(stop.Signal(), signal) << "the signal is kept";
    EXPECT_LE(stop.TimeLeft(), seconds(5)) << "acknowledgements get 5 s";
    EXPECT_GT(stop.TimeLeft(), seconds(4));
    EXPECT_EQ(CodeOf([&] { stop.ThrowIfSignalled(); }), code);
  }
}

TEST(StopTest, ASignalDoesNotMoveANearerDeadline) {
  const TestRun run(seconds(1));
  const auto deadline = run.stop().finish_by();
  ASSERT_EQ(::kill(::getpid(), SIGTERM), 0);
  EXPECT_EQ(run.stop().Signal(), SIGTERM);
  EXPECT_EQ(run.stop().finish_by(), deadline);
}

TEST(StopTest, ThrowsNothingWithoutASignal) {
  const TestRun run(milliseconds(0));
  EXPECT_NO_THROW(run.stop().ThrowIfSignalled());
}

TEST(WaitForTest, LastsAsLongAsIsAsked) {
  const TestRun run(seconds(0));
  const auto before = Clock::now();
  EXPECT_FALSE(run.stop().WaitFor(milliseconds(20))) << "WaitFor ignores the deadline";
  EXPECT_GE(Clock::now() - before, milliseconds(20));
  EXPECT_FALSE(run.stop().WaitFor(milliseconds(0)));
  EXPECT_FALSE(run.stop().WaitFor(milliseconds(-1)));
}

TEST(WaitForTest, ASignalThatHasComeCutsNothingShort) {
  const TestRun run(seconds(50));
  ASSERT_EQ(::kill(::getpid(), SIGTERM), 0);
  const auto before = Clock::now();
  EXPECT_TRUE(run.stop().WaitFor(milliseconds(20))) << "a signal has come";
  EXPECT_GE(Clock::now() - before, milliseconds(20))
      << "an earlier signal does not shorten the wait";
}

class WaitForInputTest : public testing::Test {
 protected:
  WaitForInputTest() { EXPECT_EQ(::pipe(ends_.data()), 0); }
  ~WaitForInputTest() override {
    for (const int end : ends_) ::close(end);
  }

  std::array<int, 2> ends_{};
};

TEST_F(WaitForInputTest, SeesInputAndTheEnd) {
  const TestRun run(std::chrono::hours(1));
  ASSERT_EQ(::write(ends_[1], "x", 1), 1);
  EXPECT_TRUE(run.stop().WaitForInput(ends_[0]));
  char byte = 0;
  ASSERT_EQ(::read(ends_[0], &byte, 1), 1);
  ::close(ends_[1]);
  EXPECT_TRUE(run.stop().WaitForInput(ends_[0])) << "the end of the input counts as input";
  ends_[1] = ::dup(ends_[0]);
}

TEST_F(WaitForInputTest, EndsWithTheRunOrASignal) {
  {
    const TestRun run(milliseconds(20));
    EXPECT_FALSE(run.stop().WaitForInput(ends_[0]));
    EXPECT_EQ(run.stop().TimeLeft(), milliseconds(0));
  }
  const TestRun run(std::chrono::hours(1));
  ASSERT_EQ(::kill(::getpid(), SIGTERM), 0);
  EXPECT_FALSE(run.stop().WaitForInput(ends_[0]));
}

}  // namespace
}  // namespace steamflow
