// The overload test: produces many copies of some real records, and reports how Kafka coped with
// them.

#include <fmt/format.h>

#include <algorithm>

#include "command.h"
#include "kafka_admin.h"
#include "meter.h"
#include "pace.h"
#include "preflight.h"
#include "progress.h"
#include "record_output.h"
#include "sample.h"

namespace {

using namespace steamflow;

constexpr std::chrono::milliseconds kLongestPause(100);  // before signals are checked again
constexpr std::uint64_t kTurn = 64;          // records between two checks of responses and signals
constexpr std::uint64_t kFramingBytes = 64;  // event id and lengths of each record in Kafka's log

KafkaProperties ReadProperties(const KafkaFlags& flags, Log& log) {
  KafkaProperties properties = ReadKafkaProperties(flags, log);
  // A larger buffer than that of a source makes larger batches. A source does not need them,
  // because producing is not what limits it.
  properties.insert(properties.begin(), {"queue.buffering.max.kbytes", "8192"});
  return properties;
}

LoadPlan MakePlan(const LoadFlags& flags, const LoadSample& sample, std::uint64_t header_bytes,
                  const KafkaProperties& properties, Run& run) {
  KafkaAdmin admin(properties, run.stop, run.stop.work_until());
  const KafkaCluster cluster = admin.Describe();
  const auto topic = cluster.topics.find(flags.topic);
  if (topic == cluster.topics.end()) {
    throw TaskError(
        ExitCode::kConfig,
        fmt::format("the topic {} does not exist (kafka-create-topics creates it)", flags.topic));
  }
  const std::uint64_t framing = (header_bytes + kFramingBytes) * sample.records.size();
  return {.topic = flags.topic,
          .state = topic->second,
          .config = admin.DescribeConfigs({flags.topic}, std::nullopt)[flags.topic],
          .brokers = static_cast<int>(cluster.brokers.size()),
          .bytes = flags.factor * (sample.bytes + framing),
          .commonest_key = sample.commonest_key,
          .commonest_key_share = sample.commonest_key_share,
          .broker_free_bytes = flags.broker_free_bytes};
}

// Logs a warning for each danger of the plan; throws TaskError (kConfig) instead if `strict` is
// true.
void Check(const LoadPlan& plan, bool strict, Log& log) {
  log.Info(fmt::format("up to {} bytes on a broker", BytesOnABroker(plan)));
  std::vector<TaskError> errors;
  for (const std::string& danger : Dangers(plan)) {
    errors.emplace_back(ExitCode::kConfig, danger);
    if (!strict) log.Warning(danger);
  }
  if (strict && !errors.empty()) throw Combine(errors);
}

}  // namespace

int main(int argc, char** argv) {
  Command command("kafka-load-test",
                  "Produces many copies of real records into a topic of its own, and reports how "
                  "fast Kafka accepted them and how they spread over its partitions.",
                  "kafka-load-test --brokers localhost:9092 --factor 1000 --strict", [] {
                    return Json{{"kafka", KafkaSchema()}, {"load", LoadMeter::Schema()}};
                  });
  LoadFlags flags;
  flags.AddTo(command.flags());
  KafkaFlags kafka;
  kafka.AddTo(command.flags());

  return command.Main(argc, argv, [&](Run& run) {
    const KafkaProperties properties = ReadProperties(kafka, run.log);
    const LoadSample sample = TakeSample(flags, properties, run.stop);
    const auto common_headers = CommonHeaders(run.identity);
    std::vector<KafkaHeader> headers{{"event_id", ""}};
    std::uint64_t header_bytes = 0;
    for (const auto& [name, value] : common_headers) {
      headers.push_back({name, value});
      header_bytes += name.size() + value.size();
    }
    Check(MakePlan(flags, sample, header_bytes, properties, run), flags.strict, run.log);

    SinkResult& result = run.result.sink.emplace();
    result.type = "kafka";
    result.topic = flags.topic;
    KafkaProducer producer(run, properties);
    std::optional<LoadMeter> meter;
    auto& topic = producer.Open(
        flags.topic, {.on_delivered =
                          [&](const KafkaDelivery& record) {
                            meter->Delivered(record, sample.records[record.item()].size());
                          },
                      .on_refused =
                          [&](std::uint64_t, const OutgoingMessage&, const std::string&) {
                            meter->Refused();
                            return true;
                          },
                      .on_failed = [&](std::uint64_t) { meter->Failed(); }});
    producer.Await(topic);

    meter.emplace();
    const Pace pace(flags.rate);
    const std::uint64_t total = flags.factor * sample.records.size();
    Progress progress(run.log, total);
    const std::string pass =
        fmt::format("{}/{}/", flags.topic, FormatMinute(run.identity.logical_date));
    std::string event_id;
    while (result.records < total) {
      if (result.records % kTurn == 0) {
        producer.Poll();
        progress.Show(meter->delivered(), 0);
        if (run.stop.Requested()) break;
      }
      if (const auto left = pace.Until(result.records); left.count() > 0) {
        producer.Poll(std::min(left, kLongestPause));
        if (run.stop.Requested()) break;
        continue;
      }
      const std::uint64_t item = result.records % sample.records.size();
      event_id = pass;
      event_id += fmt::format_int(result.records).c_str();
      headers.front().value = event_id;
      const auto& record = sample.records[item];
      producer.Produce(topic, {record.key, record.value, headers, /*value_stays=*/true}, item);
      ++result.records;
    }
    const auto error = producer.Flush();
    result.acknowledged = meter->delivered();
    result.bytes = meter->bytes();
    run.result.sections.emplace_back("load", meter->Section());
    run.log.ShowTable(meter->Table());
    run.stop.ThrowIfSignalled();
    if (error) throw *error;
    if (meter->refused() > 0) {
      throw TaskError(ExitCode::kData, fmt::format("{} records are too large for {}",
                                                   meter->refused(), flags.topic));
    }
    if (result.records < total) {
      throw TaskError(ExitCode::kTransient,
                      fmt::format("the deadline of {} s came before the end of the work",
                                  run.options.deadline_seconds));
    }
  });
}
