#include "steam_standin/apps.h"
#include "task_test.h"

namespace steamflow::test {
namespace {

constexpr char kTask[] = "steam-current-players";
constexpr char kTopic[] = "topic_currPlayer";

class CurrentPlayers : public TaskTest {};

TEST_F(CurrentPlayers, DeliversOneRecordPerGame) {
  environment_["AIRFLOW_VAR_STEAM_GAMES"] = R"({"Elden Ring":1245620,"팰월드":"1623730"})";
  const Ended run = Run({kTask});
  ASSERT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(run.err, "");
  const JsonValue result = run.Result();
  EXPECT_EQ(
      result.Raw("/source"),
      R"({"requests":2,"retries":0,"items":{"ok":2,"empty":0,"withheld":0,"absent":0,"rejected":0}})");
  const auto messages = Topic(kTopic);
  ASSERT_EQ(messages.size(), 2u);
}

}  // namespace
}  // namespace steamflow::test
