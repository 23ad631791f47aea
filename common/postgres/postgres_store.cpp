#include "postgres_store.h"

#include <fmt/format.h>

#include "flags.h"
#include "postgres_batch.h"
#include "postgres_schema.h"

namespace steamflow {
namespace {

using Value = PostgresClient::Value;

constexpr std::size_t kLongestName = 63;  // bytes, NAMEDATALEN - 1

constexpr char kPositions[] = R"sql(
SELECT o."offset", o.last_offset, o.last_timestamp_ms, o.last_event_id
FROM unnest($1::text[], $2::integer[]) WITH ORDINALITY AS p(topic, partition, place)
LEFT JOIN {} o ON o.topic = p.topic AND o.partition = p.partition
ORDER BY p.place
)sql";

}  // namespace

void PostgresStoreOptions::AddTo(const Flags& flags) {
  postgres.AddTo(flags);
  const Flags own = flags.Under("PostgreSQL");
  own.Add("--schema", schema, "Schema of the tables").Check([](const std::string& name) {
    if (name.size() > kLongestName) return "longer than 63 bytes, which PostgreSQL would cut";
    return name.empty() ? "it is empty" : "";
  });
  own.Add("--no-create-schema", no_create_schema, "Do not create or migrate the tables");
  own.Add("--keep-months", keep_months,
          "Keep the current month and the N before it, and drop older ones; the event time decides "
          "for rows without a month [default: keep all]")
      .Range(1, 1200);
}

PostgresStore::PostgresStore(const PostgresStoreOptions& options,
                             const PostgresParameters& parameters, const Stop& stop)
    : options_(options),
      parameters_(parameters),
      stop_(stop),
      client_(parameters, options.schema, stop) {
  PreparePostgresSchema(client_, options.schema, !options.no_create_schema);
}
PostgresStore::~PostgresStore() = default;

std::vector<std::optional<SinkPosition>> PostgresStore::Positions(
    const std::vector<KafkaPartition>& partitions) {
  std::vector<Value> topics;
  std::vector<Value> ids;
  for (const KafkaPartition& partition : partitions) {
    topics.push_back(partition.topic);
    ids.push_back(fmt::to_string(partition.id));
  }
  std::vector<std::optional<SinkPosition>> positions;
  const std::string statement = fmt::format(kPositions, client_.Table("sink_offsets"));
  for (const auto& row : client_.Execute(statement, {PostgresArray(topics), PostgresArray(ids)})) {
    auto& position = positions.emplace_back();
    if (!row[0]) continue;
    position.emplace().offset = std::stoll(*row[0]);
    if (row[1]) {
      position->last = {std::stoll(*row[1]), std::nullopt, *row[3]};
      if (row[2]) position->last->timestamp_ms = std::stoll(*row[2]);
    }
  }
  return positions;
}

std::vector<KafkaPartition> PostgresStore::StoredPartitions(
    const std::vector<std::string>& topics) {
  const std::string statement =
      fmt::format(R"(SELECT topic, partition FROM {} WHERE topic = ANY($1) AND "offset" > 0)",
                  client_.Table("sink_offsets"));
  const std::vector<Value> names(topics.begin(), topics.end());
  std::vector<KafkaPartition> stored;
  for (const auto& row : client_.Execute(statement, {PostgresArray(names)})) {
    stored.push_back({.topic = *row[0], .id = std::stoi(*row[1])});
  }
  return stored;
}

std::unique_ptr<SinkBatch> PostgresStore::MakeBatch() {
  return std::make_unique<PostgresBatch>(parameters_, options_.schema, stop_);
}

void PostgresStore::DropOldMonths() {
  if (options_.keep_months == 0) return;
  client_.Transaction([&] {
    client_.Execute("SELECT drop_months($1)", {fmt::to_string(options_.keep_months)});
    return true;
  });
}

}  // namespace steamflow
