#include "metrics.h"

#include <gmock/gmock.h>

#include "file_io.h"
#include "json_document.h"
#include "test_run.h"

namespace steamflow {
namespace {

using std::chrono::milliseconds;
using test::CodeOf;
using test::ScopedEnvironment;
using test::ScopedFolder;
using testing::HasSubstr;
using testing::Not;

const Instant kEnded = *ParseInstant("2026-11-22T22:34:01Z");
const MetricLabels kJob{{"job", "steam-news"}};

ResultHead Head(ExitCode code = ExitCode::kSuccess) {
  ResultHead head;
  head.task = "steam-news";
  head.exit_code = code;
  head.elapsed_seconds = 0.4125;
  return head;
}

std::string Format(const Result& result, std::optional<Instant> last_success = kEnded) {
  return FormatMetrics(Head(), result, kJob, kEnded, last_success);
}

TEST(FormatMetricsTest, EveryRunHasFour) {
  EXPECT_EQ(FormatMetrics(Head(), {}, kJob, kEnded, kEnded),
            "# HELP steamflow_run_timestamp_seconds When the last run ended.\n"
            "# TYPE steamflow_run_timestamp_seconds gauge\n"
            "steamflow_run_timestamp_seconds{job=\"steam-news\"} 1795386841\n"
            "# HELP steamflow_last_success_timestamp_seconds When the last run that succeeded "
            "ended.\n"
            "# TYPE steamflow_last_success_timestamp_seconds gauge\n"
            "steamflow_last_success_timestamp_seconds{job=\"steam-news\"} 1795386841\n"
            "# HELP steamflow_run_duration_seconds Time that the last run took.\n"
            "# TYPE steamflow_run_duration_seconds gauge\n"
            "steamflow_run_duration_seconds{job=\"steam-news\"} 0.4125\n"
            "# HELP steamflow_run_exit_code Exit code of the last run.\n"
            "# TYPE steamflow_run_exit_code gauge\n"
            "steamflow_run_exit_code{job=\"steam-news\"} 0\n");
}

TEST(FormatMetricsTest, ARunWithoutSuccessHasNoTimeOfIt) {
  EXPECT_THAT(Format({}, std::nullopt), Not(HasSubstr("steamflow_last_success")));
}

TEST(FormatMetricsTest, RequestsAddUp) {
  Result result;
  result.source = SourceResult{64, 3, {40, 9, 12, 39, 1}, {50, 4, 3, 2, 1, 1}, {}};
  const std::string text = Format(result);
  for (const char* line :
       {"steamflow_run_requests{job=\"steam-news\",outcome=\"ok\"} 50\n",
        "outcome=\"rate_limited\"} 4\n", "outcome=\"server_error\"} 3\n",
        "outcome=\"refused\"} 2\n", "outcome=\"bad_body\"} 1\n", "outcome=\"network_error\"} 1\n",
        "outcome=\"unanswered\"} 3\n", "steamflow_run_retries{job=\"steam-news\"} 3\n",
        "steamflow_run_items{job=\"steam-news\",outcome=\"ok\"} 40\n", "outcome=\"empty\"} 9\n",
        "outcome=\"withheld\"} 12\n", "outcome=\"absent\"} 39\n", "outcome=\"rejected\"} 1\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(FormatMetricsTest, BucketsOfAHistogramAddUp) {
  Result result;
  result.source.emplace();
  for (const int ms : {5, 6, 10, 250, 60'000}) {
    result.source->request_durations.Add(milliseconds(ms));
  }
  const std::string text = Format(result);
  EXPECT_THAT(text, HasSubstr("# TYPE steamflow_request_duration_seconds histogram\n"
                              "steamflow_request_duration_seconds_bucket{job=\"steam-news\","
                              "le=\"0.005\"} 1\n"));
  for (const char* line :
       {"le=\"0.01\"} 3\n", "le=\"0.1\"} 3\n", "le=\"0.25\"} 4\n", "le=\"1\"} 4\n",
        "le=\"30\"} 4\n", "le=\"+Inf\"} 5\n", "seconds_count{job=\"steam-news\"} 5\n",
        "seconds_sum{job=\"steam-news\"} 60.27"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(FormatMetricsTest, RecordsAreOfATopic) {
  Result source;
  source.sink = SinkResult{"kafka", "rct_plyd_games", 212, 212, 70112, 2};
  std::string text = Format(source);
  for (const char* line :
       {"steamflow_run_records{job=\"steam-news\",topic=\"rct_plyd_games\"} 212\n",
        "steamflow_run_bytes{job=\"steam-news\",topic=\"rct_plyd_games\"} 70112\n",
        "steamflow_run_dead_letters{job=\"steam-news\"} 2\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  Result sink;
  sink.drain = DrainResult{{{"games", 239, 6, 70}, {"news", 1, 1, 0}}, "postgres", 230, 8, 2, {}};
  text = Format(sink);
  for (const char* line : {"steamflow_run_records{job=\"steam-news\",topic=\"games\"} 239\n",
                           "steamflow_run_records{job=\"steam-news\",topic=\"news\"} 1\n",
                           "steamflow_run_dead_letters{job=\"steam-news\"} 2\n",
                           "steamflow_sink_lag_records{job=\"steam-news\",topic=\"games\"} 70\n",
                           "outcome=\"inserted\"} 230\n", "outcome=\"duplicate\"} 8\n",
                           "steamflow_batch_duration_seconds_count{job=\"steam-news\"} 0\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text, Not(HasSubstr("steamflow_run_bytes")));
}

TEST(FormatMetricsTest, CursorsHaveThePositionThatTheyTell) {
  Result result;
  result.cursors = {{"last_steam_id", "76561197960499900", "76561197960499801", true, 234'073},
                    {"news_seen:1", std::nullopt, "1749978054", true, 1'749'978'054}};
  const std::string text = Format(result);
  EXPECT_THAT(text, HasSubstr("{job=\"steam-news\",cursor=\"last_steam_id\"} 234073\n"));
  EXPECT_THAT(text, HasSubstr("{job=\"steam-news\",cursor=\"news_seen:1\"} 1749978054\n"));
}

TEST(FormatMetricsTest, TheCallBudgetIsThereWhereItIsKnown) {
  Result result;
  EXPECT_THAT(Format(result), Not(HasSubstr("call_budget")));
  result.call_budget = {100'000, 0};
  const std::string text = Format(result);
  EXPECT_THAT(text, HasSubstr("steamflow_call_budget_limit{job=\"steam-news\"} 100000\n"));
  EXPECT_THAT(text, HasSubstr("steamflow_call_budget_left{job=\"steam-news\"} 0\n"));
}

TEST(FormatMetricsTest, LabelsAreEscaped) {
  const std::string text = FormatMetrics(Head(), {}, {{"job", "a\\b\"c\nd"}}, kEnded, std::nullopt);
  EXPECT_THAT(text, HasSubstr(R"({job="a\\b\"c\nd"} 0)"));
}

TEST(LabelsTest, TellWhoseMetricsTheyAreAndNotOfWhichRun) {
  ResultHead head = Head();
  EXPECT_EQ(LabelsOf(head, std::nullopt), kJob);
  head.run.dag_id = "d";
  head.run.task_id = "t";
  head.run.run_id = "scheduled__2026-11-22T22:34:00+00:00";
  EXPECT_EQ(
      LabelsOf(head, 3),
      (MetricLabels{{"job", "steam-news"}, {"dag_id", "d"}, {"task_id", "t"}, {"shard", "3"}}));
}

TEST(LabelsTest, AGroupHasAPathWhateverItsLabels) {
  EXPECT_EQ(GroupPath({{"job", "steam-news"}, {"task_id", "group.news_1"}}),
            "/metrics/job/steam-news/task_id/group.news_1");
  EXPECT_EQ(GroupPath({{"job", "j"}, {"dag_id", "a/b"}}), "/metrics/job/j/dag_id@base64/YS9i");
  EXPECT_EQ(GroupPath({{"job", "j"}, {"dag_id", ".."}}), "/metrics/job/j/dag_id@base64/Li4=");
  EXPECT_EQ(GroupPath({{"job", "j"}, {"dag_id", "~뉴>?"}}),
            "/metrics/job/j/dag_id@base64/fuuJtD4_");
}

TEST(MetricsTargetsTest, TheFlagComesFirstThenAirflowThenThePlainVariable) {
  ScopedEnvironment environment(ScopedEnvironment::Values{
      {"AIRFLOW_VAR_PUSHGATEWAY_URL", "http://variable:9091/"}, {"PUSHGATEWAY_URL", "http://p"}});
  EXPECT_EQ(ReadMetricsTargets("https://flag", "f").pushgateway_url, "https://flag");
  EXPECT_EQ(ReadMetricsTargets("", "f").pushgateway_url, "http://variable:9091");
  EXPECT_EQ(ReadMetricsTargets("", "f").file, "f");
  const ScopedEnvironment without("AIRFLOW_VAR_PUSHGATEWAY_URL", std::nullopt);
  EXPECT_EQ(ReadMetricsTargets("", "").pushgateway_url, "http://p");
}

TEST(MetricsTargetsTest, WhatIsNoAddressIsRefused) {
  ScopedEnvironment environment(ScopedEnvironment::Values{{"AIRFLOW_VAR_PUSHGATEWAY_URL", ""},
                                                          {"PUSHGATEWAY_URL", "pushgateway"}});
  std::string message;
  EXPECT_EQ(CodeOf([] { ReadMetricsTargets("", ""); }, &message), ExitCode::kConfig);
  EXPECT_THAT(message, HasSubstr("PUSHGATEWAY_URL"));
  EXPECT_EQ(CodeOf([] { ReadMetricsTargets("ftp://x", ""); }), ExitCode::kUsage);
}

class MetricsFileTest : public testing::Test {
 protected:
  std::string Publish(ExitCode code) {
    PublishMetrics({"", path_}, Head(code), {}, kJob, milliseconds(100), run_.log());
    return ReadFile(path_).value_or("");
  }

  test::TestRun run_;
  ScopedFolder folder_;
  const std::string path_ = folder_.File("steam-news.prom");
};

TEST_F(MetricsFileTest, KeepsTheTimeOfTheLastSuccess) {
  EXPECT_THAT(Publish(ExitCode::kTransient), Not(HasSubstr("steamflow_last_success")));
  const std::string before = Publish(ExitCode::kSuccess);
  const auto begin = before.find("\nsteamflow_last_success");
  ASSERT_NE(begin, std::string::npos);
  const std::string line = before.substr(begin, before.find('\n', begin + 1) - begin + 1);
  ASSERT_TRUE(
      ReplaceFile(path_, std::string(before).replace(begin, line.size(),
                                                     "\nsteamflow_last_success_timestamp_seconds"
                                                     "{job=\"steam-news\"} 1700000000\n")));
  for (const ExitCode code : {ExitCode::kTransient, ExitCode::kSkipped, ExitCode::kData}) {
    EXPECT_THAT(Publish(code), HasSubstr("seconds{job=\"steam-news\"} 1700000000\n"));
  }
  EXPECT_THAT(Publish(ExitCode::kSuccess), Not(HasSubstr(" 1700000000\n")));
}

TEST_F(MetricsFileTest, WhatCannotBeWrittenIsNoError) {
  PublishMetrics({"", folder_.File("no/such")}, Head(), {}, kJob, milliseconds(100), run_.log());
}

}  // namespace
}  // namespace steamflow
