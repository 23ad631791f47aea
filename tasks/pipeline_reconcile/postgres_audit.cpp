#include "postgres_audit.h"

#include <fmt/format.h>

#include <array>

#include "postgres_schema.h"

namespace steamflow {
namespace {

// Returns the index of each record that is missing, and whether retention may have deleted it: the
// table of its month no longer exists, or, for a record without a month, the oldest such record
// that is stored is from a later month.
constexpr char kMissing[] = R"sql(
SELECT w.place - 1, CASE
  WHEN w.month = '-infinity' THEN
    coalesce((SELECT min(event_time) FROM {0} WHERE month = '-infinity'), 'infinity')
      >= date_trunc('month', w.event_time AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + interval '1 month'
  ELSE NOT {1}('records' || to_char(w.month, '_YYYY_MM'), 'records') END
FROM unnest($1::text[], $2::text[], $3::date[], $4::timestamptz[])
  WITH ORDINALITY AS w(topic, event_id, month, event_time, place)
WHERE NOT EXISTS (
  SELECT FROM {0} r WHERE r.topic = w.topic AND r.event_id = w.event_id AND r.month = w.month)
)sql";

}  // namespace

PostgresAudit::PostgresAudit(const PostgresParameters& parameters, const std::string& schema,
                             Instant since, const Stop& stop)
    : client_(parameters, schema, stop), since_(since) {
  PreparePostgresSchema(client_, schema, false);
}

StoreAudit::Offsets PostgresAudit::StoredOffsets(const std::vector<KafkaPartition>& partitions) {
  std::vector<PostgresClient::Value> topics;
  for (const KafkaPartition& partition : partitions) topics.push_back(partition.topic);
  Offsets offsets;
  const std::string statement =
      fmt::format(R"(SELECT topic, partition, "offset" FROM {} WHERE topic = ANY ($1::text[]))",
                  client_.Table("sink_offsets"));
  for (const auto& row : client_.Execute(statement, {PostgresArray(topics)})) {
    offsets[{*row[0], std::stoi(*row[1])}] = std::stoll(*row[2]);
  }
  return offsets;
}

std::vector<Holding> PostgresAudit::LookUp(std::span<const AuditedRecord> records) {
  std::array<std::vector<PostgresClient::Value>, 4> columns;
  for (const AuditedRecord& record : records) {
    columns[0].push_back(record.topic);
    columns[1].push_back(record.event_id);
    columns[2].push_back(record.id_time ? FormatDate(*record.id_time).substr(0, 8) + "01"
                                        : "-infinity");
    columns[3].push_back(FormatUtc(record.event_time));
  }
  std::vector<PostgresClient::Value> parameters;
  for (const auto& column : columns) parameters.emplace_back(PostgresArray(column));
  const std::string statement =
      fmt::format(kMissing, client_.Table("records"), client_.Table("has_table"));
  std::vector<Holding> holdings(records.size(), Holding::kHeld);
  for (const auto& row : client_.Execute(statement, parameters)) {
    const auto place = std::stoul(*row[0]);
    const AuditedRecord& record = records[place];
    const Instant month = record.id_time.value_or(record.event_time);
    const bool is_expired = row[1] == "t" && IsMonthBefore(month, since_);
    holdings[place] = is_expired ? Holding::kExpired : Holding::kMissing;
  }
  return holdings;
}

}  // namespace steamflow
