// The view of an operator: the metrics of real runs in a real Pushgateway, and of exporters for
// real servers, scraped by a real Prometheus with the project's configuration.

#include <curl/curl.h>
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "mock_kafka.h"
#include "postgres_sink_fixture.h"
#include "search_server.h"

namespace steamflow::test {
namespace {

constexpr char kElasticsearchTask[] = "kafka-to-elasticsearch";
constexpr std::chrono::seconds kTimeout(60);

std::string Escape(const std::string& text) {
  char* const escaped = curl_easy_escape(nullptr, text.c_str(), static_cast<int>(text.size()));
  const std::string result = escaped;
  curl_free(escaped);
  return result;
}

// Runs Prometheus, the Pushgateway and the exporters, which end with this process.
class Monitoring {
 public:
  Monitoring(const std::string& brokers, const std::string& redis, const std::string& postgres)
      : kafka_exporter_({KAFKA_METRICS, brokers}),
        servers_({"/bin/bash", "-c",
                  "trap : TERM; \"$0\" start \"$1\" \"${@:2}\"; read -r _; \"$0\" stop \"$1\"; "
                  "rm -rf \"$1\"",
                  PROMETHEUS_SERVICE,
                  std::filesystem::temp_directory_path() /
                      ("steamflow-prometheus." + std::to_string(getpid())),
                  "--kafka-exporter", kafka_exporter_.ReadLine(), "--redis-url", redis,
                  "--postgres-url", postgres}) {
    std::istringstream addresses(servers_.ReadLine());
    addresses >> prometheus_ >> pushgateway_;
    if (pushgateway_.empty()) throw std::runtime_error("Prometheus does not start");
  }

  const std::string& pushgateway() const { return pushgateway_; }

  JsonValue Get(const std::string& path) {
    return JsonValue(client_.Send("GET", prometheus_ + path).body);
  }
  // Returns the number of values that an expression has now, or -1 if the expression is invalid.
  int Values(const std::string& expression) {
    const JsonValue response = Get("/api/v1/query?query=" + Escape(expression));
    if (response.Text("/status") != "success") return -1;
    return static_cast<int>(response.Size("/data/result"));
  }
  // Returns the only value of an expression, or "" if it has none or several.
  std::string Value(const std::string& expression) {
    const JsonValue response = Get("/api/v1/query?query=" + Escape(expression));
    if (response.Size("/data/result") != 1) return "";
    return response.Text("/data/result/0/value/1");
  }

 private:
  standin::ChildProcess kafka_exporter_;
  standin::ChildProcess servers_;
  standin::Client client_;
  std::string prometheus_;
  std::string pushgateway_;
};

class MonitoringTest : public ::testing::Test {
 protected:
  MonitoringTest() {
    environment_["AIRFLOW_VAR_PUSHGATEWAY_URL"] = monitoring_.pushgateway();
    environment_["AIRFLOW_CONN_POSTGRES_DEFAULT"] = database_.Uri();
    environment_["AIRFLOW_CONN_ELASTICSEARCH_DEFAULT"] = indices_.url();
  }

  void Run(const std::vector<std::string>& command, int exit_code = 0) {
    environment_["AIRFLOW_CTX_DAG_ID"] = "dag_of_" + command[0];
    const Ended run = RunProgram(command, environment_);
    EXPECT_EQ(run.exit_code, exit_code) << run.out << run.err;
    EXPECT_EQ(run.err.find("metrics"), std::string::npos) << run.err;
  }

  const RealKafka kafka_{1};
  RedisServer redis_;
  PostgresDatabase database_;
  SearchIndices indices_{"opensearch"};
  standin::Standin standin_{{"--key", kApiKey}};
  Environment environment_ = TaskEnvironment(standin_.url(), kafka_.brokers(), redis_.url());
  Monitoring monitoring_{kafka_.brokers(), redis_.url(), database_.Uri() + "?sslmode=disable"};
};

std::vector<std::string> Texts(const JsonValue& document, const std::string& list,
                               const std::string& name) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < document.Size(list); ++i) {
    texts.push_back(document.Text(list + "/" + std::to_string(i) + name));
  }
  return texts;
}

void ExpectValuesInEveryPanel(Monitoring& monitoring) {
  int panels = 0;
  for (const auto& file : std::filesystem::directory_iterator(DASHBOARDS)) {
    std::ifstream stream(file.path());
    const JsonValue dashboard({std::istreambuf_iterator<char>(stream), {}});
    for (std::size_t i = 0; i < dashboard.Size("/panels"); ++i, ++panels) {
      const std::string panel = "/panels/" + std::to_string(i);
      for (const auto& expression : Texts(dashboard, panel + "/targets", "/expr")) {
        EXPECT_GT(monitoring.Values(expression), 0)
            << file.path().filename() << ", " << dashboard.Text(panel + "/title") << ": "
            << expression;
      }
    }
  }
  EXPECT_GT(panels, 40);
}

// Expects that the expression of every alert has data. An alert that does not fire has no value, so
// its comparisons are first changed to return 0 or 1.
void ExpectValuesInEveryAlert(Monitoring& monitoring) {
  const std::regex comparison(" (==|!=|>=|<=|>|<) ");
  int alerts = 0;
  const JsonValue rules = monitoring.Get("/api/v1/rules");
  for (std::size_t i = 0; i < rules.Size("/data/groups"); ++i) {
    const std::string list = "/data/groups/" + std::to_string(i) + "/rules";
    for (const auto& query : Texts(rules, list, "/query")) {
      const std::string compared = std::regex_replace(query, comparison, " $1 bool ");
      EXPECT_NE(compared, query);
      EXPECT_GT(monitoring.Values(compared), 0) << query;
      ++alerts;
    }
  }
  EXPECT_GT(alerts, 10);
}

TEST_F(MonitoringTest, AnOperatorSeesEveryRun) {
  Run({"kafka-create-topics"});
  for (const char* task : {kCountsTask, kGamesTask, kPlayersTask, kNewsTask, kPostgresTask}) {
    Run({task});
  }
  Run({kElasticsearchTask, "--index-prefix", indices_.prefix()});
  const auto has_samples = [&](const std::string& metric) {
    return monitoring_.Value("min(count_over_time(" + metric + "[5m])) >= 2") != "";
  };
  ASSERT_TRUE(Eventually(
      [&] {
        return monitoring_.Values("steamflow_run_exit_code") == 7 && has_samples("up") &&
               has_samples("steamflow_run_exit_code") && has_samples("kafka_consumergroup_lag_sum");
      },
      kTimeout))
      << "Prometheus has not seen everything";
  ExpectValuesInEveryPanel(monitoring_);
  ExpectValuesInEveryAlert(monitoring_);

  // A run that fails does not change the time of the last success, and an alert fires.
  const std::string success =
      "steamflow_last_success_timestamp_seconds{job=\"" + std::string(kPlayersTask) + "\"}";
  const std::string before = monitoring_.Value(success);
  EXPECT_NE(before, "");
  environment_["AIRFLOW_VAR_STEAM_API_KEY"] = "another";
  Run({kPlayersTask}, 77);
  const std::string alert = "ALERTS{alertname=\"TaskNeedsAPerson\",alertstate=\"firing\"}";
  EXPECT_TRUE(Eventually([&] { return monitoring_.Values(alert) == 1; }, kTimeout));
  EXPECT_EQ(monitoring_.Value(success), before);
}

TEST(Prometheus, ConfigurationAndRulesAreRight) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"check", "config", PROMETHEUS_CONFIGURATION "/prometheus.yml"},
           {"test", "rules", PROMETHEUS_CONFIGURATION "/rules_test.yml"}}) {
    std::vector<std::string> command{PROMETHEUS_SERVICE, "promtool"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    Environment environment{{"PATH", std::getenv("PATH")}};
    if (const char* cache = std::getenv("STEAMFLOW_CACHE")) environment["STEAMFLOW_CACHE"] = cache;
    const Ended run = RunProgram(command, environment);
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  }
}

// A run waits for a hanging resolver no longer than for any other server.
TEST(SlowResolver, DoesNotHoldUpARun) {
  standin::Standin standin;
  MockKafka kafka;
  Environment environment = TaskEnvironment(standin.url(), kafka.brokers(), "");
  environment["LD_PRELOAD"] = SLOW_RESOLVER;
  environment["AIRFLOW_VAR_PUSHGATEWAY_URL"] = "http://pushgateway:9091";
  const Ended run = RunProgram({kCountsTask, "--sink", "stdout"}, environment);
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_THAT(run.err, testing::HasSubstr("pushing the metrics"));
  EXPECT_LT(run.seconds, 20) << "the run took as long as the resolver";
}

}  // namespace
}  // namespace steamflow::test
