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

  void ExpectFlat(const char* task, int ids) {
    const long once = PeakOf(task, ids);
    const long hundredfold = PeakOf(task, 100 * ids);
    RecordProperty("once_kib", static_cast<int>(once));
    RecordProperty("hundredfold_kib", static_cast<int>(hundredfold));
    EXPECT_LT(static_cast<double>(hundredfold), 1.2 * static_cast<double>(once));
    EXPECT_LT(hundredfold, kMost);
  }
};

TEST_F(Memory, OfPlayerSummariesIsFlat) {
  ExpectFlat(kPlayersTask, 1000);
}

TEST_F(Memory, OfRecentlyPlayedGamesIsFlat) {
  ExpectFlat(kGamesTask, 100);
}

}  // namespace
}  // namespace steamflow::test
