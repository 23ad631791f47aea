#include "kafka_questions.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <memory>

namespace steamflow {
namespace {

using std::chrono::milliseconds;

// How long one wait for a response may take. librdkafka does not notice signals meanwhile. Each
// wait is twice as long as the one before, for links on which a response takes longer.
constexpr milliseconds kFirstSlice(250);
constexpr milliseconds kLongestSlice(1'000);
constexpr milliseconds kCallbackInterval(20);  // between two attempts
// Not all brokers know a topic that was just created.
constexpr std::chrono::seconds kUntilTopicsShow(1);
// For one of several partitions or topics, while others get responses.
constexpr std::chrono::seconds kLongestWait(5);

struct MetadataDeleter {
  void operator()(const rd_kafka_metadata_t* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
};
using Metadata = std::unique_ptr<const rd_kafka_metadata_t, MetadataDeleter>;

// Returns the leader in librdkafka's notation, or an empty string if there is none.
std::string LeaderOf(const rd_kafka_metadata_partition_t& partition,
                     const rd_kafka_metadata_t& metadata) {
  for (int i = 0; i < metadata.broker_cnt; ++i) {
    const rd_kafka_metadata_broker_t& broker = metadata.brokers[i];
    if (broker.id != partition.leader) continue;
    return fmt::format("{}:{}/{}", broker.host, broker.port, broker.id);
  }
  return "";
}

// Returns the exit code for an error of an offset request. The partition was listed before, so an
// error that calls it unknown means that it has lost its leader since, which is transient.
ExitCode CodeOfOffsetError(int error) {
  const ExitCode code = CodeOfKafkaError(error);
  return code == ExitCode::kAuth ? code : ExitCode::kTransient;
}

}  // namespace

KafkaResults<std::vector<KafkaPartition>> KafkaQuestions::Partitions(
    const std::vector<std::string>& topics) {
  const auto begun = Clock::now();
  KafkaResults<std::vector<KafkaPartition>> partitions;
  for (const std::string& topic : topics) partitions.push_back(PartitionsOf(topic, begun));
  return partitions;
}

// ListOffsets of the Kafka protocol accepts special values for the beginning and the end in place
// of a time.
KafkaResults<KafkaRange> KafkaQuestions::Ranges(const std::vector<KafkaPartition>& partitions) {
  const auto begins = Offsets(partitions, RD_KAFKA_OFFSET_BEGINNING);
  std::vector<KafkaPartition> answered;
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    if (begins[i]) answered.push_back(partitions[i]);
  }
  const auto ends = Offsets(answered, RD_KAFKA_OFFSET_END);
  auto end = ends.begin();
  KafkaResults<KafkaRange> ranges;
  for (const auto& begin : begins) {
    const auto& last = begin ? *end++ : begin;
    ranges.push_back(last.map([&](std::int64_t offset) { return KafkaRange{*begin, offset}; }));
  }
  return ranges;
}

// Asks for all partitions in one call. If that fails, asks each leader separately, so that a silent
// leader does not hold up the others. If a leader rejects its request, halves its partitions until
// it is clear which ones it rejects.
KafkaResults<std::int64_t> KafkaQuestions::Offsets(const std::vector<KafkaPartition>& partitions,
                                                   std::int64_t time) {
  KafkaResults<std::int64_t> offsets(partitions.size());
  std::vector<Places> open(partitions.empty() ? 0 : 1);
  for (std::size_t i = 0; i < partitions.size(); ++i) open[0].push_back(i);
  const auto give_up = Clock::now() + kLongestWait;
  bool has_answer = false;
  for (auto longest = kFirstSlice; !open.empty(); longest = std::min(2 * longest, kLongestSlice)) {
    std::vector<Places> silent;
    while (!open.empty()) {
      Places places = std::move(open.back());
      open.pop_back();
      const int error = AskLeaders(partitions, places, time, longest, offsets);
      const bool is_lasting = CodeOfOffsetError(error) != ExitCode::kTransient;
      has_answer = has_answer || !error || is_lasting;
      if (!error || (is_lasting && places.size() == 1)) continue;
      const auto is_led_alike = [&](std::size_t place) {
        return partitions[place].leader == partitions[places[0]].leader;
      };
      auto others = std::stable_partition(places.begin(), places.end(), is_led_alike);
      // Errors of librdkafka itself are negative.
      const bool is_response = error > RD_KAFKA_RESP_ERR_NO_ERROR;
      if (others == places.end() && is_response)
        others -= static_cast<std::ptrdiff_t>(places.size() / 2);
      if (others == places.end()) {
        silent.push_back(std::move(places));
      } else {
        open.emplace_back(others, places.end());
        open.emplace_back(places.begin(), others);
      }
    }
    if (silent.empty() || (has_answer && Clock::now() >= give_up)) break;
    Serve(offsets[silent[0][0]].error().what());
    open = std::move(silent);
  }
  return offsets;
}

// Asks once for the partitions at these indexes of the list and stores the results. Returns the
// first error of librdkafka, or 0; an error applies to all of them.
int KafkaQuestions::AskLeaders(const std::vector<KafkaPartition>& partitions, const Places& places,
                               std::int64_t time, milliseconds longest,
                               KafkaResults<std::int64_t>& offsets) {
  std::vector<KafkaPartition> asked;
  for (const std::size_t place : places) asked.push_back(partitions[place]);
  const KafkaPartitionList list = MakeKafkaPartitionList(asked, {time});
  auto error =
      rd_kafka_offsets_for_times(kafka_, list.get(), static_cast<int>(Slice(longest).count()));
  for (int i = 0; i < list->cnt && !error; ++i) error = list->elems[i].err;
  for (std::size_t i = 0; i < places.size(); ++i) {
    auto& offset = offsets[places[i]];
    if (!error) {
      offset = list->elems[i].offset;
    } else {
      const auto& [topic, id, leader] = asked[i];
      const bool is_told = !leader.empty() && troubles_.broker.find(leader) != std::string::npos;
      offset = tl::unexpected(
          TaskError(CodeOfKafkaError(error),
                    fmt::format("{}/{} cannot be read from its leader {}: {}", topic, id, leader,
                                is_told ? troubles_.broker : rd_kafka_err2str(error))));
    }
  }
  return error;
}

tl::expected<std::vector<KafkaPartition>, TaskError> KafkaQuestions::PartitionsOf(
    const std::string& topic, Clock::time_point begun) {
  const KafkaTopic handle(rd_kafka_topic_new(kafka_, topic.c_str(), nullptr));
  if (!handle) throw KafkaErrorOf(topic, rd_kafka_last_error());
  for (auto longest = kFirstSlice;; longest = std::min(2 * longest, kLongestSlice)) {
    const rd_kafka_metadata_t* response = nullptr;
    const auto error = rd_kafka_metadata(kafka_, 0, handle.get(), &response,
                                         static_cast<int>(Slice(longest).count()));
    const Metadata metadata(response);
    TaskError cause = KafkaErrorOf(topic, error);
    if (error && cause.code() != ExitCode::kTransient) throw cause;
    if (!error) {
      const rd_kafka_metadata_topic_t& found = metadata->topics[0];
      std::vector<KafkaPartition> partitions;
      bool has_leaders = true;
      for (int i = 0; i < found.partition_cnt; ++i) {
        const std::string leader = LeaderOf(found.partitions[i], *metadata);
        has_leaders = has_leaders && !leader.empty();
        partitions.push_back({topic, found.partitions[i].id, leader});
      }
      const auto by_id = [](const auto& a, const auto& b) { return a.id < b.id; };
      std::sort(partitions.begin(), partitions.end(), by_id);
      cause = KafkaErrorOf(topic, found.err);
      const bool is_passing = found.err && cause.code() == ExitCode::kTransient;
      const bool is_late = Clock::now() >= begun + (is_passing ? kLongestWait : kUntilTopicsShow);
      if (!found.err && (has_leaders || is_late)) return partitions;
      if (found.err && is_late) return tl::unexpected(cause);
    }
    Serve(cause.what());
  }
}

// Returns how long one wait for a response may take.
milliseconds KafkaQuestions::Slice(milliseconds longest) const {
  return std::clamp(Left(), milliseconds(1), longest);
}

milliseconds KafkaQuestions::Left() const {
  const auto left = std::chrono::ceil<milliseconds>(stop_.work_until() - Clock::now());
  return std::min(left, stop_.TimeLeft());
}

// Runs callbacks between two attempts and throws if the waiting must end.
void KafkaQuestions::Serve(const std::string& cause) {
  rd_kafka_poll(kafka_, static_cast<int>(kCallbackInterval.count()));
  if (troubles_.login) throw *troubles_.login;
  stop_.ThrowIfSignalled();
  if (Left().count() <= 0) {
    throw TaskError(
        ExitCode::kTransient,
        fmt::format("asking Kafka: {}", troubles_.broker.empty() ? cause : troubles_.broker));
  }
}

}  // namespace steamflow
