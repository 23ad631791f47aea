#include "postgres_read_back.h"

#include <fmt/format.h>

#include <vector>

#include "postgres_rows.h"
#include "postgres_statements.h"
#include "record_fields.h"

namespace steamflow {
namespace {

// True if no table or partition has a trigger, a rule or a policy, and none is a view. {0} = the
// tables.
constexpr char kHasNoMore[] = R"sql(
NOT EXISTS (
  SELECT FROM pg_class c
  WHERE c.oid IN (SELECT unnest({0}::regclass[]) UNION ALL
                  SELECT inhrelid FROM pg_inherits WHERE inhparent = ANY ({0}::regclass[]))
    AND (c.relkind NOT IN ('r', 'p') OR c.relhasrules OR c.relrowsecurity
      OR EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal))))sql";
constexpr char kTables[] =
    "'{records,player_counts,recently_played_games,news,players,deleted_players,sink_offsets}'";

// True if the columns have our types. A column of another type may accept a value and store another
// one. {0} = the staging table, {1} = the table of the kind.
constexpr char kHasOurTypes[] = R"sql(
NOT EXISTS (
  SELECT FROM pg_attribute s JOIN pg_attribute t USING (attname)
  WHERE s.attrelid = '{0}'::regclass AND s.attnum > 0
    AND t.attrelid = ANY ('{{records,{1},deleted_players}}'::regclass[])
    AND (s.atttypid, s.atttypmod) <> (t.atttypid, t.atttypmod)))sql";

// Returns a condition that is true if this transaction, or a subtransaction of it, wrote the row:
// only its own rows can be visible and not yet committed.
std::string IsOurs(const char* row) {
  return fmt::format(
      "(CASE WHEN age({0}.xmin) <= 0 THEN txid_status(txid_current() - age({0}.xmin)) = "
      "'in progress' ELSE false END)",
      row);
}

// Counts the rows that `records` lacks or holds changed. A duplicate only has to exist, with any
// content; a row that this transaction wrote must be unchanged. Most rows of a batch that is read
// back are duplicates, so the contents are compared only for the rows that are not. {0} = the
// staging table, {1} = the table of the kind.
constexpr char kRecords[] = R"sql(
WITH stored AS MATERIALIZED (
  SELECT s.topic, s.partition, s."offset", r.topic IS NULL AS is_missing,
    r.partition AS at_partition, r."offset" AS at_offset, {ours_r} AS is_ours, CASE WHEN {ours_r}
      THEN (r.event_id, r.event_time::timestamptz, r.key::text, r.value::jsonb, r.month::date) END AS row
  FROM {0} s LEFT JOIN records r USING (topic, event_id, month)
), fresh AS MATERIALIZED (
  SELECT s.* FROM stored f JOIN {0} s USING (topic, partition, "offset")
  WHERE f.is_ours AND (f.at_partition, f.at_offset) = (f.partition, f."offset")
)
SELECT 'records', count(*) FROM (
  SELECT FROM stored WHERE is_missing
  UNION ALL
  SELECT FROM stored f
  LEFT JOIN {0} g ON (g.topic, g.partition, g."offset") = (f.topic, f.at_partition, f.at_offset)
  WHERE f.is_ours
    AND (g.event_id, g.event_time, g.key, g.value, g.month) IS DISTINCT FROM f.row
) AS lost
HAVING count(*) > 0
)sql";

// Counts the rows that the table of an event's kind lacks or holds changed. {2} = the columns of
// the staged row (s or g) that are never null, {3} = all its columns; {4} and {5} = the same
// columns of the stored row t.
constexpr char kEvents[] = R"sql(
UNION ALL
SELECT '{1}', count(*) FROM fresh s
LEFT JOIN {1} t ON (t.event_id, t.event_time, t.month, {4}) = (s.event_id, s.event_time, s.month, {2})
  AND ({5}) IS NOT DISTINCT FROM ({3})
WHERE s.has_fields AND t.event_id IS NULL
HAVING count(*) > 0
)sql";

// The same for news and players. Their table keeps only the newest version, so a newer one, from
// this batch or from another sink, may be there instead. {6} = the column with the version.
constexpr char kNews[] = R"sql(
UNION ALL
SELECT '{1}', count(*) FROM fresh s
LEFT JOIN {1} t ON (t.feed_appid, t.gid) = (s.feed_appid, s.gid)
LEFT JOIN {0} g ON (g.topic, g.partition, g."offset") = (t.topic, t.partition, t."offset")
WHERE s.has_fields AND (t.gid IS NULL OR {is_old_t} OR {is_other})
HAVING count(*) > 0
)sql";
constexpr char kPlayers[] = R"sql(
UNION ALL
SELECT '{1}', count(*) FROM fresh s
LEFT JOIN {1} t ON t.steamid = s.steamid
LEFT JOIN {0} g ON (g.topic, g.partition, g."offset") = (t.topic, t.partition, t."offset")
LEFT JOIN deleted_players d ON d.steamid = s.steamid
WHERE {is_other} OR CASE WHEN s.value IS NULL THEN {is_old_t} ELSE
  (t.steamid IS NULL OR {is_old_t}) AND (d.steamid IS NULL OR {is_old_d}) END
HAVING count(*) > 0
UNION ALL
SELECT 'deleted_players', count(*) FROM fresh s
LEFT JOIN deleted_players d ON d.steamid = s.steamid
LEFT JOIN {0} g ON (g.topic, g.partition, g."offset") = (d.topic, d.partition, d."offset")
WHERE s.value IS NULL AND (d.steamid IS NULL OR {is_old_d} OR {ours_d} AND
  (g.steamid, g.event_time) IS DISTINCT FROM (d.steamid::bigint, d.event_time::timestamptz))
HAVING count(*) > 0
)sql";

// Counts positions, with the parameters of PostgresMoveStatement as the rows m. The comparison
// follows.
constexpr char kCountPositions[] = R"sql(
SELECT count(*)
FROM unnest($1::text[], $2::integer[],
            $3::bigint[], $4::bigint[], $5::bigint[], $6::text[],
            $7::bigint[], $8::bigint[], $9::bigint[], $10::text[])
  AS m(topic, partition, "from", from_last_offset, from_last_timestamp_ms, from_last_event_id,
       "to", to_last_offset, to_last_timestamp_ms, to_last_event_id)
LEFT JOIN sink_offsets o USING (topic, partition)
WHERE (o."offset", o.last_offset, o.last_timestamp_ms, o.last_event_id) IS )sql";

constexpr char kIsOld[] = R"sql(({0}.{1}, {0}.topic, {0}.partition, {0}."offset")
  < (s.{1}, s.topic, s.partition, s."offset"))sql";
constexpr char kIsOther[] = R"sql(
{ours_t} AND (g.event_id, g.event_time, g.{6}, {3}) IS DISTINCT FROM
  (t.event_id, t.event_time::timestamptz, t.{6}::timestamptz, {5}))sql";

// Returns a list of the columns of a kind, of a staged row or of a stored one. The stored ones are
// cast to our types, because the column types of a foreign schema may differ.
std::string ColumnsOf(RecordKind kind, const char* row, bool is_stored, bool only_required) {
  std::vector<std::string> columns;
  for (const RecordField& field : FieldsOf(kind)) {
    if (only_required && !field.is_required) continue;
    columns.push_back(fmt::format("{}.{}{}{}", row, field.name, is_stored ? "::" : "",
                                  is_stored ? PostgresTypeOf(field) : ""));
  }
  return fmt::format("{}", fmt::join(columns, ", "));
}

}  // namespace

std::string PostgresIsPlain() {
  return fmt::format(kHasNoMore, kTables);
}

std::string PostgresIsPlain(RecordKind kind) {
  return PostgresIsPlain() + " AND" +
         fmt::format(kHasOurTypes, PostgresStagingTable(kind), PostgresTableOf(kind));
}

std::string PostgresMissingStatement(RecordKind kind) {
  return fmt::format(R"sql(
SELECT 'records', count(*) FROM {} s WHERE NOT EXISTS (
  SELECT FROM records r
  WHERE r.topic = s.topic AND r.event_id = s.event_id AND r.month = s.month)
HAVING count(*) > 0)sql",
                     PostgresStagingTable(kind));
}

std::string PostgresReadBackStatement(RecordKind kind) {
  const bool is_versioned = kind == RecordKind::kNews || kind == RecordKind::kPlayer;
  const char* const version = kind == RecordKind::kNews ? "version_time" : "event_time";
  const char* const staged = is_versioned ? "g" : "s";
  std::string statement = kRecords;
  if (kind == RecordKind::kPlayer) {
    statement += kPlayers;
  } else if (kind == RecordKind::kNews) {
    statement += kNews;
  } else if (kind != RecordKind::kOther) {
    statement += kEvents;
  }
  const auto fill = [&](const std::string& text, const std::string& is_other) {
    return fmt::format(
        fmt::runtime(text), PostgresStagingTable(kind), PostgresTableOf(kind),
        ColumnsOf(kind, staged, false, true), ColumnsOf(kind, staged, false, false),
        ColumnsOf(kind, "t", true, true), ColumnsOf(kind, "t", true, false), version,
        fmt::arg("ours_r", IsOurs("r")), fmt::arg("ours_t", IsOurs("t")),
        fmt::arg("ours_d", IsOurs("d")), fmt::arg("is_old_t", fmt::format(kIsOld, "t", version)),
        fmt::arg("is_old_d", fmt::format(kIsOld, "d", version)), fmt::arg("is_other", is_other));
  };
  return fill(statement, is_versioned ? fill(kIsOther, "") : "");
}

std::string PostgresHeldPositionsStatement() {
  return kCountPositions + std::string(R"(NOT DISTINCT FROM
  ("from", from_last_offset, from_last_timestamp_ms, from_last_event_id))");
}

std::string PostgresLostPositionsStatement() {
  return kCountPositions + std::string(R"(DISTINCT FROM
  ("to", to_last_offset, to_last_timestamp_ms, to_last_event_id))");
}

}  // namespace steamflow
