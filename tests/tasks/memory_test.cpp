// A run's memory does not grow with its work.

#include "task_test.h"

namespace steamflow::test {
namespace {

constexpr long kMost = 40 * 1024;  // KiB

class Memory : public TaskTest {
 protected:
  Memory() : TaskTest({"--every-player"}) {
    environment_["AIRFLOW_VAR_STEAM_DAILY_CALL_BUDGET"] = "1000000";
  }

  long PeakOf(const char* task, int ids) {
    redis_.Command({"FLUSHALL"});
    const Ended run =
        Run({task, "--count", std::to_string(ids), "--start-id", "76561198000000000"});
    EXPECT_EQ(run.exit_code, 0) << run.out;
    EXPECT_GE(run.Result().Number("/kafka/acknowledged"), ids);
    return run.peak_rss_kib;
  }

  static void ExpectFlat(long once, long many_times) {
    EXPECT_LT(static_cast<double>(many_times), 1.2 * static_cast<double>(once));
    EXPECT_LT(many_times, kMost);
  }
};

TEST_F(Memory, OfPlayerSummariesIsFlat) {
  ExpectFlat(PeakOf(kPlayersTask, 2000), PeakOf(kPlayersTask, 200'000));
}

// Its long answers, of a hundred profiles, come between thousands of short ones.
TEST_F(Memory, OfRecentlyPlayedGamesIsFlat) {
  ExpectFlat(PeakOf(kGamesTask, 1000), PeakOf(kGamesTask, 20'000));
}

}  // namespace
}  // namespace steamflow::test
