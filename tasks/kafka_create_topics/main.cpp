// Creates the topics of a file, and reports or changes what differs in existing ones.

#include <fmt/format.h>

#include <algorithm>

#include "command.h"
#include "file_io.h"
#include "json_document.h"
#include "json_schema.h"
#include "kafka_admin.h"
#include "topic_survey.h"

namespace {

using namespace steamflow;

std::vector<TopicSpec> ReadTopicsFile(const std::string& flag_value) {
  const std::string path = flag_value.empty() ? InstalledPath("topics.json") : flag_value;
  const auto json = ReadFile(path);
  if (!json) {
    throw TaskError(flag_value.empty() ? ExitCode::kConfig : ExitCode::kUsage,
                    fmt::format("--file {}: {}", path, json.error().message()));
  }
  auto topics = ParseTopics(*json);
  if (!topics) throw TaskError(ExitCode::kConfig, fmt::format("{}: {}", path, topics.error()));
  return *std::move(topics);
}

Json Entry(const TopicSpec& spec, const TopicState& state, const char* action,
           const std::vector<Difference>& differences) {
  Json drift = Json::array();
  for (const Difference& difference : differences) drift.push_back(Describe(difference));
  Json entry{{"name", spec.name},
             {"partitions", state.partitions},
             {"replication", state.replication},
             {"action", action},
             {"drift", std::move(drift)}};
  if (state.replication < spec.replication) entry["replication_wanted"] = spec.replication;
  return entry;
}

Json Parts() {
  const Json entry =
      schema::Object({{"name", schema::Text()},
                      {"partitions", schema::Count()},
                      {"replication", schema::Count()},
                      {"action", schema::OneOf({"created", "drift", "altered", "unchanged"})},
                      {"drift", schema::ListOf(schema::Text())}},
                     {{"replication_wanted", schema::Count()}});
  return {{"topics", schema::ListOf(entry)}, {"brokers", schema::Count()}};
}

}  // namespace

int main(int argc, char** argv) {
  Command command("kafka-create-topics",
                  "Creates the Kafka topics of a file. Existing topics that differ are reported, "
                  "and changed only with --apply.",
                  "kafka-create-topics --brokers localhost:9092 --apply", Parts);
  KafkaFlags kafka;
  kafka.AddTo(command.flags());
  std::string file;
  command.flags()
      .Add("--file", file,
           "JSON file of the topics [default: share/steamflow/topics.json of the installation]")
      .Format("path");
  int min_brokers = 1;
  command.flags()
      .Add("--min-brokers", min_brokers,
           "Number of running brokers to wait for; a topic gets at most one replica per broker")
      .Range(1, 1000);
  bool apply = false;
  command.flags().Add("--apply", apply, "Also change existing topics: add partitions, set configs");

  return command.Main(argc, argv, [&](Run& run) {
    const std::vector<TopicSpec> specs = ReadTopicsFile(file);
    KafkaAdmin admin(ReadKafkaProperties(kafka, run.log), run.stop, run.stop.work_until());

    const KafkaCluster before = AwaitBrokers(admin, min_brokers, run.stop);
    const auto brokers = static_cast<int>(before.brokers.size());
    std::vector<TopicSpec> missing;
    for (const TopicSpec& spec : specs) {
      if (before.topics.count(spec.name) > 0) continue;
      missing.push_back(LowerReplication(spec, brokers));
      if (missing.back().replication == spec.replication) continue;
      run.log.Info(fmt::format("topic {}: replication {} lowered to the number of brokers, {}",
                               spec.name, spec.replication, brokers));
    }
    KafkaAdmin::TopicErrors failed = admin.CreateTopics(missing);

    std::vector<TopicSpec> present;
    for (const TopicSpec& spec : specs) {
      if (failed.count(spec.name) == 0) present.push_back(spec);
    }
    const TopicSurvey created = AwaitTopics(
        admin, present, run.stop,
        [](const TopicSurvey& now, const TopicSpec& spec) { return now.IsReady(spec.name); });

    std::map<std::string, int> partitions;
    std::map<std::string, std::map<std::string, std::string>> overrides;
    for (const TopicSpec& spec : present) {
      for (const Difference& difference : created.Differences(spec)) {
        if (!apply || !difference.can_change) continue;
        if (difference.setting == "partitions") {
          partitions[spec.name] = spec.partitions;
        } else {
          overrides[spec.name] = created.Overrides(spec);
        }
      }
    }
    failed.merge(admin.AddPartitions(partitions));
    failed.merge(admin.AlterConfigs(overrides));
    const TopicSurvey after =
        AwaitTopics(admin, present, run.stop, [&](const TopicSurvey& now, const TopicSpec& spec) {
          const bool is_changing = apply && failed.count(spec.name) == 0;
          return now.IsReady(spec.name) && !(is_changing && CanChangeAny(now.Differences(spec)));
        });

    std::vector<Json> entries;
    std::vector<TaskError> errors;
    for (const TopicSpec& spec : present) {
      const auto found = created.Differences(spec);
      const auto left = after.Differences(spec);
      for (const Difference& difference : left) {
        const std::string message = fmt::format("topic {}: {}", spec.name, Describe(difference));
        run.log.Warning(message + (difference.can_change ? " (--apply changes it)" : ""));
        if (apply && !difference.can_change) {
          errors.emplace_back(ExitCode::kData, message + ", which --apply cannot change");
        }
      }
      const char* action = before.topics.count(spec.name) == 0 ? "created"
                           : !left.empty()                     ? "drift"
                           : !found.empty()                    ? "altered"
                                                               : "unchanged";
      entries.push_back(Entry(spec, after.State(spec.name), action, left.empty() ? found : left));
    }
    for (const auto& [topic, error] : failed) errors.push_back(error);
    run.result.lists.emplace_back("topics", std::move(entries));
    run.result.sections.emplace_back("brokers", after.brokers());
    if (!errors.empty()) throw Combine(errors);
  });
}
