#include "postgres_audit.h"

#include "postgres_schema.h"

namespace steamflow {
namespace {

// The places of the ids that are not there, and whether there is no table of their month. An id may
// be stored in another month than this record's, so all months are looked at.
constexpr char kMissing[] = R"sql(
SELECT w.place - 1,
  to_regclass('records' || to_char(w.event_time AT TIME ZONE 'UTC', '_YYYY_MM')) IS NULL
FROM unnest($1::text[], $2::timestamptz[]) WITH ORDINALITY AS w(event_id, event_time, place)
WHERE NOT EXISTS (SELECT FROM records r WHERE r.event_id = w.event_id)
)sql";

}  // namespace

PostgresAudit::PostgresAudit(const PostgresParameters& parameters, const std::string& schema,
                             Instant since, const Stop& stop)
    : client_(parameters, stop), since_(since) {
  PreparePostgresSchema(client_, schema, false);
}

StoreAudit::Offsets PostgresAudit::StoredOffsets(const std::vector<KafkaPartition>& partitions) {
  std::vector<PostgresClient::Value> topics;
  for (const KafkaPartition& partition : partitions) topics.push_back(partition.topic);
  Offsets offsets;
  for (const auto& row : client_.Execute(
           R"(SELECT topic, partition, "offset" FROM sink_offsets WHERE topic = ANY ($1::text[]))",
           {PostgresArray(topics)})) {
    offsets[{*row[0], std::stoi(*row[1])}] = std::stoll(*row[2]);
  }
  return offsets;
}

std::vector<Holding> PostgresAudit::LookUp(std::span<const AuditedRecord> records) {
  std::vector<PostgresClient::Value> ids;
  std::vector<PostgresClient::Value> times;
  for (const AuditedRecord& record : records) {
    ids.push_back(record.event_id);
    times.push_back(FormatUtc(record.event_time));
  }
  std::vector<Holding> holdings(records.size(), Holding::kHeld);
  for (const auto& row : client_.Execute(kMissing, {PostgresArray(ids), PostgresArray(times)})) {
    const auto place = std::stoul(*row[0]);
    const bool is_expired = row[1] == "t" && IsMonthBefore(records[place].event_time, since_);
    holdings[place] = is_expired ? Holding::kExpired : Holding::kMissing;
  }
  return holdings;
}

}  // namespace steamflow
