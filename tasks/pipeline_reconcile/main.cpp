// Compares the records that Kafka acknowledged to the sources with what Kafka and the stores hold.

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <optional>

#include "acknowledged_counts.h"
#include "airflow_connection.h"
#include "airflow_variable.h"
#include "command.h"
#include "drain_options.h"
#include "elasticsearch_audit.h"
#include "elasticsearch_config.h"
#include "file_io.h"
#include "json.h"
#include "json_schema.h"
#include "malloc_tuning.h"
#include "postgres_audit.h"
#include "reconciliation.h"
#include "report.h"
#include "topics.h"

namespace {

using namespace steamflow;

Window ReadWindow(const std::string& since, const std::string& until, Instant logical_date) {
  Window window;
  window.until = ReadDate("--until", until).value_or(logical_date);
  window.since = ReadDate("--since", since).value_or(window.until - std::chrono::hours(1));
  if (window.since < window.until) return window;
  throw TaskError(ExitCode::kUsage, fmt::format("--since: {} is not before {}, the window's end",
                                                FormatUtc(window.since), FormatUtc(window.until)));
}

// Returns whether a flag or a variable names the connection.
template <typename Flags>
bool IsNamed(const Flags& flags) {
  return !flags.url.empty() || flags.conn_id != Flags().conn_id ||
         AirflowConnection(flags.conn_id).has_value();
}

Json Parts() {
  return {{"window", schema::Object({{"since", schema::Text()}, {"until", schema::Text()}})},
          {"topics", schema::MapOf(ComparisonSchema())}};
}

}  // namespace

int main(int argc, char** argv) {
  Command command("pipeline-reconcile",
                  "Checks that Kafka has the records that were acknowledged to the sources' runs, "
                  "and that PostgreSQL and Elasticsearch have the records of Kafka. Compares event "
                  "ids, over a window of time: by default the hour before the logical date.",
                  "pipeline-reconcile --brokers localhost:9092 --postgres-url "
                  "postgres://steamflow@localhost/steamflow --since 2026-11-22T22:00Z",
                  Parts);
  const Flags what = command.flags().Under("What to compare");
  std::vector<std::string> topics = RecordTopics();
  what.Add("--topic", topics, "Kafka topic").Format("topic");
  std::string since;
  std::string until;
  what.Add("--since", since, "Messages that Kafka received at this time or later, ISO 8601")
      .Format("date-time");
  what.Add("--until", until, "Messages that Kafka received before this time, ISO 8601")
      .Format("date-time");
  std::string acknowledged_file;
  what.Add("--acknowledged", acknowledged_file,
           "JSON file with the counts that runs had acknowledged; - is stdin, and the variable "
           "holds the JSON itself")
      .Format("path")
      .Environment("STEAMFLOW_ACKNOWLEDGED");
  KafkaFlags kafka_flags;
  kafka_flags.AddTo(command.flags());
  PostgresFlags postgres_flags;
  postgres_flags.AddTo(command.flags());
  std::string schema = "steamflow";
  command.flags().Under("PostgreSQL").Add("--schema", schema, "Schema of the tables");
  ElasticsearchFlags elasticsearch_flags;
  elasticsearch_flags.AddTo(command.flags());

  return command.Main(argc, argv, [&](Run& run) {
    ShareFreedMemory();
    CheckTopics(topics);
    const Window window = ReadWindow(since, until, run.identity.logical_date);
    const KafkaProperties kafka = ReadKafkaProperties(kafka_flags, run.log);
    std::optional<PostgresParameters> postgres;
    if (IsNamed(postgres_flags)) postgres = ReadPostgresParameters(postgres_flags, run.log);
    std::optional<RestServer> elasticsearch;
    const std::string index_prefix = ReadIndexPrefix(elasticsearch_flags);
    if (IsNamed(elasticsearch_flags)) {
      elasticsearch = ReadElasticsearchServer(elasticsearch_flags, run.options.allow_http, run.log);
    }
    const auto acknowledged = ReadAcknowledged(acknowledged_file, topics, run.stop);
    if (!postgres && !elasticsearch && !acknowledged) {
      throw TaskError(ExitCode::kConfig,
                      "nothing to compare Kafka with: set AIRFLOW_CONN_POSTGRES_DEFAULT, "
                      "AIRFLOW_CONN_ELASTICSEARCH_DEFAULT or STEAMFLOW_ACKNOWLEDGED");
    }

    const Json times{{"since", FormatUtc(window.since)}, {"until", FormatUtc(window.until)}};
    run.result.sections = {{"window", times}, {"topics", Json::object()}};

    std::vector<std::unique_ptr<StoreAudit>> stores;
    if (postgres) {
      stores.push_back(std::make_unique<PostgresAudit>(*postgres, schema, window.since, run.stop));
    }
    if (elasticsearch) {
      stores.push_back(
          std::make_unique<ElasticsearchAudit>(*elasticsearch, index_prefix, window.since, run));
    }
    Reconciliation reconciliation(kafka, topics, window, std::move(stores),
                                  acknowledged.value_or(std::vector<Acknowledged>()), run.stop);
    std::vector<TaskError> differences;
    for (const std::string& topic : topics) {
      const TopicComparison comparison = reconciliation.Compare(topic);
      WriteStdout(FormatLine(comparison, acknowledged.has_value()) + "\n");
      run.result.sections.back().second[topic] = ToJson(comparison, acknowledged.has_value());
      for (const std::string& difference : comparison.differences) {
        differences.emplace_back(ExitCode::kData, difference);
      }
    }
    if (!differences.empty()) throw Combine(differences);
  });
}
