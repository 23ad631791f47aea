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
};

TEST_F(Memory, OfPlayerSummariesIsFlat) {
  const long once = PeakOf(kPlayersTask, 2000);
  const long hundredfold = PeakOf(kPlayersTask, 200'000);
  RecordProperty("once_kib", static_cast<int>(once));
  RecordProperty("hundredfold_kib", static_cast<int>(hundredfold));
  EXPECT_LT(static_cast<double>(hundredfold), 1.2 * static_cast<double>(once));
  EXPECT_LT(hundredfold, kMost);
}

TEST_F(Memory, OfRecentlyPlayedGamesIsBounded) {
  EXPECT_LT(PeakOf(kGamesTask, 20'000), kMost);
}

}  // namespace
}  // namespace steamflow::test
