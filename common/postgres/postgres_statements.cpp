#include "postgres_statements.h"

#include <fmt/format.h>

#include <vector>

#include "postgres_read_back.h"
#include "record_fields.h"

namespace steamflow {
namespace {

// The beginning of each statement that stores a batch: inserts its rows into `records` and yields
// the new ones. {0} = the staging table.
constexpr char kFresh[] = R"sql(
WITH fresh AS (
  INSERT INTO records (event_id, event_time, topic, partition, "offset", key, value, month)
  SELECT event_id, event_time, topic, partition, "offset", key, value, month FROM {0}
  ON CONFLICT (topic, event_id, month) DO NOTHING RETURNING topic, partition, "offset"
))sql";

// Inserts the new rows into the table of the kind. {1} = that table, {2} = the columns that only it
// has.
constexpr char kEvents[] = R"sql(
, taken AS (
  INSERT INTO {1} (event_id, event_time, month, {2})
  SELECT event_id, event_time, month, {2} FROM {0} JOIN fresh USING (topic, partition, "offset")
  WHERE has_fields RETURNING 1
))sql";

// The same for news. The table keeps only the newest edition of an item. A duplicate can be the
// newest: if an item was edited and edited back, `records` already has its edition. {3} = column =
// excluded.column, ...
constexpr char kNews[] = R"sql(
, newest AS (
  SELECT DISTINCT ON (feed_appid, gid) * FROM {0} WHERE has_fields
  ORDER BY feed_appid, gid, version_time DESC, topic DESC, partition DESC, "offset" DESC
), taken AS (
  INSERT INTO {1} AS n (event_id, event_time, version_time, topic, partition, "offset", {2})
  SELECT event_id, event_time, version_time, topic, partition, "offset", {2} FROM newest
  ON CONFLICT (feed_appid, gid) DO UPDATE SET event_id = excluded.event_id,
    event_time = excluded.event_time, version_time = excluded.version_time,
    topic = excluded.topic, partition = excluded.partition, "offset" = excluded."offset", {3}
  WHERE (n.version_time, n.topic, n.partition, n."offset")
      < (excluded.version_time, excluded.topic, excluded.partition, excluded."offset")
  RETURNING 1
))sql";

// The same for players. The table keeps only the newest version of a player, which may come from a
// duplicate. A tombstone is a version too.
constexpr char kPlayers[] = R"sql(
, newest AS (
  SELECT DISTINCT ON (steamid) * FROM {0}
  ORDER BY steamid, event_time DESC, topic DESC, partition DESC, "offset" DESC
), tombstones AS (
  INSERT INTO deleted_players AS d (steamid, event_time, topic, partition, "offset")
  SELECT steamid, event_time, topic, partition, "offset" FROM newest WHERE value IS NULL
  ON CONFLICT (steamid) DO UPDATE SET event_time = excluded.event_time, topic = excluded.topic,
    partition = excluded.partition, "offset" = excluded."offset"
  WHERE (d.event_time, d.topic, d.partition, d."offset")
      < (excluded.event_time, excluded.topic, excluded.partition, excluded."offset")
  RETURNING 1
), deletions AS (
  DELETE FROM players p USING newest n
  WHERE n.value IS NULL AND p.steamid = n.steamid
    AND (p.event_time, p.topic, p.partition, p."offset")
      < (n.event_time, n.topic, n.partition, n."offset")
), states AS (
  INSERT INTO {1} AS p (event_id, event_time, topic, partition, "offset", {2})
  SELECT event_id, event_time, topic, partition, "offset", {2} FROM newest n
  WHERE value IS NOT NULL AND NOT EXISTS (
    SELECT FROM deleted_players d WHERE d.steamid = n.steamid
      AND (d.event_time, d.topic, d.partition, d."offset")
        > (n.event_time, n.topic, n.partition, n."offset"))
  ON CONFLICT (steamid) DO UPDATE SET event_id = excluded.event_id,
    event_time = excluded.event_time, topic = excluded.topic, partition = excluded.partition,
    "offset" = excluded."offset", {3}
  WHERE (p.event_time, p.topic, p.partition, p."offset")
      < (excluded.event_time, excluded.topic, excluded.partition, excluded."offset")
  RETURNING 1
))sql";

// Select the number of new rows, the number that the table of the kind took, and the number that it
// had to take if all rows were new, no two were versions of the same thing, and each was newer than
// the stored one.
constexpr char kCountOther[] = "SELECT (SELECT count(*) FROM fresh), 0, 0, ";
constexpr char kCountTaken[] = R"sql(
SELECT (SELECT count(*) FROM fresh), (SELECT count(*) FROM taken),
  (SELECT count(*) FROM {0} WHERE has_fields), )sql";
constexpr char kCountPlayers[] = R"sql(
SELECT (SELECT count(*) FROM fresh),
  (SELECT count(*) FROM states) + (SELECT count(*) FROM tombstones),
  (SELECT count(*) FROM newest), )sql";

constexpr char kMovePositions[] = R"sql(
WITH moves AS (
  SELECT * FROM unnest($1::text[], $2::integer[],
                       $3::bigint[], $4::bigint[], $5::bigint[], $6::text[],
                       $7::bigint[], $8::bigint[], $9::bigint[], $10::text[])
    AS m(topic, partition, "from", from_last_offset, from_last_timestamp_ms, from_last_event_id,
         "to", last_offset, last_timestamp_ms, last_event_id)
), added AS (
  INSERT INTO sink_offsets
    (topic, partition, "offset", last_offset, last_timestamp_ms, last_event_id)
  SELECT topic, partition, "to", last_offset, last_timestamp_ms, last_event_id
  FROM moves WHERE "from" IS NULL ORDER BY topic, partition
  ON CONFLICT DO NOTHING RETURNING topic
), locked AS (
  SELECT m.*
  FROM sink_offsets o JOIN moves m
    ON m.topic = o.topic AND m.partition = o.partition AND m."from" = o."offset"
    AND (from_last_offset, from_last_timestamp_ms, from_last_event_id)
      IS NOT DISTINCT FROM (o.last_offset, o.last_timestamp_ms, o.last_event_id)
  ORDER BY o.topic, o.partition FOR UPDATE OF o
), moved AS (
  UPDATE sink_offsets o SET "offset" = l."to", last_offset = l.last_offset,
    last_timestamp_ms = l.last_timestamp_ms, last_event_id = l.last_event_id, moved_at = now()
  FROM locked l WHERE o.topic = l.topic AND o.partition = l.partition RETURNING o.topic
)
SELECT (SELECT count(*) FROM added) + (SELECT count(*) FROM moved), txid_current(), )sql";

}  // namespace

std::string PostgresTableOf(RecordKind kind) {
  switch (kind) {
    case RecordKind::kPlayerCount:
      return "player_counts";
    case RecordKind::kRecentGame:
      return "recently_played_games";
    case RecordKind::kNews:
      return "news";
    case RecordKind::kPlayer:
      return "players";
    default:
      return "records";
  }
}

std::string PostgresMoveStatement() {
  return kMovePositions + PostgresIsPlain();
}

std::string PostgresStagingTable(RecordKind kind) {
  return "pg_temp.staged_" + PostgresTableOf(kind);
}

std::string PostgresStoreStatement(RecordKind kind) {
  std::vector<std::string> columns;
  std::vector<std::string> assignments;
  for (const RecordField& field : FieldsOf(kind)) {
    columns.emplace_back(field.name);
    assignments.push_back(fmt::format("{0} = excluded.{0}", field.name));
  }
  std::string statement = kFresh;
  if (kind == RecordKind::kPlayer) {
    statement.append(kPlayers).append(kCountPlayers);
  } else if (kind == RecordKind::kNews) {
    statement.append(kNews).append(kCountTaken);
  } else if (kind == RecordKind::kOther) {
    statement += kCountOther;
  } else {
    statement.append(kEvents).append(kCountTaken);
  }
  return fmt::format(fmt::runtime(statement), PostgresStagingTable(kind), PostgresTableOf(kind),
                     fmt::join(columns, ", "), fmt::join(assignments, ", ")) +
         PostgresIsPlain(kind);
}

}  // namespace steamflow
