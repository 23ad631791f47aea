#include "messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "file_io.h"

namespace airflow {
namespace {

using testing::ElementsAre;
using testing::Pair;

// What the real Airflow sends.
Response FromAirflow(const std::string& name) {
  FrameReader reader;
  reader.Add(steamflow::ReadFile(FRAMES_FOLDER "/" + name).value());
  return reader.Next().value().value();
}

TEST(MessagesTest, ReadsWhatTheTaskIs) {
  const auto task = ParseStartupDetails(FromAirflow("startup").body);
  ASSERT_TRUE(task) << task.error();
  EXPECT_EQ(task->ti_id, "019ac8d1-70c5-7d2e-9b5f-0123456789ab");
  EXPECT_EQ(task->dag_id, "steam_user");
  EXPECT_EQ(task->task_id, "player_summaries");
  EXPECT_EQ(task->run_id, "scheduled__2026-11-22T22:34:00+00:00");
  EXPECT_EQ(task->try_number, 2);
  EXPECT_EQ(task->map_index, 1);
  EXPECT_EQ(task->logical_date, "2026-11-22T22:34:00.000000Z");
  EXPECT_TRUE(task->should_retry);
  EXPECT_THAT(task->xcom_keys_to_clear, ElementsAre("return_value"));
  EXPECT_TRUE(task->context_carrier.empty());
  EXPECT_EQ(task->traceparent(), "");
}

TEST(MessagesTest, ARunByHandIsDatedByWhenItMayRun) {
  const auto task = ParseStartupDetails(FromAirflow("startup_by_hand").body);
  ASSERT_TRUE(task) << task.error();
  EXPECT_EQ(task->map_index, -1);
  EXPECT_EQ(task->logical_date, "2026-11-22T22:35:00.000000Z");
  EXPECT_THAT(
      task->context_carrier,
      ElementsAre(Pair("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")));
  EXPECT_EQ(task->traceparent(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
}

TEST(MessagesTest, TheDetailsCanBeHandedOn) {
  const auto task = ParseStartupDetails(FromAirflow("startup_by_hand").body);
  const auto again = ParseStartupDetails(FormatStartupDetails(*task));
  ASSERT_TRUE(again) << again.error();
  EXPECT_EQ(*again, *task);
}

TEST(MessagesTest, AnswersWhichTasksItRuns) {
  const Json question = {{"type", "TaskHandlerParseRequest"},
                         {"file", "/bundles/x"},
                         {"bundle_path", "/bundles"},
                         {"bundle_name", "bundles"}};
  const Tasks tasks = {{"x", {"b", "a"}}, {"y", {"c"}}, {"z", {}}};
  EXPECT_EQ(
      AnswerParseRequest(question, tasks),
      Json::parse(R"({"type":"TaskHandlerParsingResult","fileloc":"/bundles/x","task_handlers":{
        "x":[{"task_id":"b","binding":"named","params":null},
             {"task_id":"a","binding":"named","params":null}],
        "y":[{"task_id":"c","binding":"named","params":null}]}})"));
  EXPECT_EQ((*AnswerParseRequest(question, {}))["task_handlers"], Json::object());
}

TEST(MessagesTest, DefinesNoDags) {
  const Json question = {{"type", "DagFileParseRequest"}, {"file", "/bundles/x"}};
  EXPECT_EQ(AnswerParseRequest(question, {{"x", {"a"}}}),
            Json::parse(
                R"({"type":"DagFileParsingResult","fileloc":"/bundles/x","serialized_dags":[]})"));
  EXPECT_FALSE(AnswerParseRequest(FromAirflow("startup").body, {}));
  EXPECT_FALSE(AnswerParseRequest(nullptr, {}));
}

TEST(MessagesTest, NamesAnotherFirstMessage) {
  const auto task = ParseStartupDetails({{"type", "MakeCoffee"}});
  ASSERT_FALSE(task);
  EXPECT_EQ(task.error(), "the first message is 'MakeCoffee', not StartupDetails");
  EXPECT_FALSE(ParseStartupDetails(nullptr));
  EXPECT_FALSE(ParseStartupDetails(Json::array({1})));
}

TEST(MessagesTest, NamesWhatIsMissing) {
  Json body = FromAirflow("startup").body;
  body["ti"].erase("dag_id");
  body["ti"]["try_number"] = "2";
  const auto task = ParseStartupDetails(body);
  ASSERT_FALSE(task);
  EXPECT_EQ(task.error(), "StartupDetails without dag_id, try_number");
}

TEST(MessagesTest, AnAnswerIsItsBody) {
  const auto connection = ParseResponse(FromAirflow("connection"));
  ASSERT_TRUE(connection);
  EXPECT_EQ((*connection)["password"], "p@ss");
  const auto nothing = ParseResponse(FromAirflow("nothing"));
  ASSERT_TRUE(nothing);
  EXPECT_TRUE(nothing->is_null());
}

TEST(MessagesTest, ARefusalMayBeTheBodyOrTheError) {
  const auto missing = ParseResponse(FromAirflow("not_found"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, Refusal::Kind::kNotFound);
  EXPECT_EQ(missing.error().message, "VARIABLE_NOT_FOUND");
  const auto refused = ParseResponse(FromAirflow("refused"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Refusal::Kind::kRefused);
  EXPECT_EQ(refused.error().message, "API_SERVER_ERROR, status 503: Unavailable");
  const auto denied = ParseResponse({.id = 1, .error = {{"error", "PERMISSION_DENIED"}}});
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().kind, Refusal::Kind::kDenied);
  EXPECT_FALSE(ParseResponse({.id = 1, .error = "what?"}));
}

TEST(MessagesTest, AReasonFitsIntoTheDatabase) {
  const Json retry = requests::Retry("2026-11-22T22:34:00Z", std::string(2000, 'x'), 1.5);
  EXPECT_EQ(retry["retry_reason"].get<std::string>().size(), 500U);
  EXPECT_EQ(retry["retry_delay_seconds"], 1.5);
  EXPECT_FALSE(requests::Retry("2026-11-22T22:34:00Z", "x", {}).contains("retry_delay_seconds"));
}

}  // namespace
}  // namespace airflow
