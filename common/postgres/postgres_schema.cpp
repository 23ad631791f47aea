#include "postgres_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace steamflow {
namespace {

// The statements that bring a schema from each version to the next; the first brings an empty
// schema to kFirstVersion. Only append to these and never change one, because there are databases
// at each version.
//
// A record is unique by topic and event id. Its month is the one that the event id names, so a
// repeat falls into the same partition whatever its time, Kafka partition and order. The tables of
// each kind get a row for every new row in `records`, in the same statement, and so need no unique
// index of their own.
constexpr std::array<const char*, 1> kMigrations{R"sql(
CREATE TABLE records (
  event_id     text COLLATE "C" NOT NULL,
  event_time   timestamptz NOT NULL,
  topic        text COLLATE "C" NOT NULL,
  partition    integer NOT NULL,
  "offset"     bigint NOT NULL,
  key          text,
  value        jsonb,                    -- null: a tombstone
  recorded_at  timestamptz NOT NULL DEFAULT now(),
  month        date NOT NULL,            -- its first day, or -infinity if the event id names none
  PRIMARY KEY (topic, event_id, month)
) PARTITION BY LIST (month);

CREATE TABLE player_counts (
  event_id      text COLLATE "C" NOT NULL,
  event_time    timestamptz NOT NULL,
  game          text,
  appid         bigint,
  player_count  bigint NOT NULL,
  month         date NOT NULL
) PARTITION BY LIST (month);
CREATE INDEX ON player_counts (appid, event_time);

CREATE TABLE recently_played_games (
  event_id                  text COLLATE "C" NOT NULL,
  event_time                timestamptz NOT NULL,
  steam_id                  bigint NOT NULL,
  appid                     bigint NOT NULL,
  name                      text,
  playtime_2weeks           bigint,      -- these are minutes
  playtime_forever          bigint,
  playtime_windows_forever  bigint,
  playtime_mac_forever      bigint,
  playtime_linux_forever    bigint,
  playtime_deck_forever     bigint,
  month                     date NOT NULL
) PARTITION BY LIST (month);
CREATE INDEX ON recently_played_games (appid, event_time);

-- The partitions for event ids that name no month.
CREATE TABLE records_undated PARTITION OF records FOR VALUES IN ('-infinity');
CREATE INDEX ON records_undated (event_time);
CREATE TABLE player_counts_undated PARTITION OF player_counts FOR VALUES IN ('-infinity');
CREATE TABLE recently_played_games_undated PARTITION OF recently_played_games
  FOR VALUES IN ('-infinity');

-- The newest edition of each news item in a feed, ordered by version_time, topic, partition, "offset".
CREATE TABLE news (
  event_id      text COLLATE "C" NOT NULL,
  event_time    timestamptz NOT NULL,
  version_time  timestamptz NOT NULL,    -- when the edition was fetched
  topic         text COLLATE "C" NOT NULL,
  partition     integer NOT NULL,
  "offset"      bigint NOT NULL,
  feed_appid    bigint,                  -- the app whose feed has the item
  gid           text COLLATE "C",
  appid         bigint,
  title         text,
  url           text,
  author        text,
  feedname      text,
  feedlabel     text,
  feed_type     bigint,
  contents      text,
  date          timestamptz,
  PRIMARY KEY (feed_appid, gid)
);
CREATE INDEX ON news (appid, event_time);
CREATE INDEX ON news (event_time);

-- The newest version of each player, ordered by event_time, topic, partition and "offset".
CREATE TABLE players (
  event_id                  text COLLATE "C" NOT NULL,
  event_time                timestamptz NOT NULL,
  topic                     text COLLATE "C" NOT NULL,
  partition                 integer NOT NULL,
  "offset"                  bigint NOT NULL,
  steamid                   bigint PRIMARY KEY,
  personaname               text,
  profileurl                text,
  avatarhash                text,
  communityvisibilitystate  bigint,
  profilestate              bigint,
  personastate              bigint,
  realname                  text,
  loccountrycode            text,
  gameid                    text,
  timecreated               timestamptz,
  lastlogoff                timestamptz
);

-- The newest tombstone of each player. An older event does not bring the player back.
CREATE TABLE deleted_players (
  steamid     bigint PRIMARY KEY,
  event_time  timestamptz NOT NULL,
  topic       text COLLATE "C" NOT NULL,
  partition   integer NOT NULL,
  "offset"    bigint NOT NULL
);

-- Every record before "offset" is in the tables above or in the dead letters. The last record before it
-- tells the topic from another one with the same name.
CREATE TABLE sink_offsets (
  topic              text COLLATE "C",
  partition          integer,
  "offset"           bigint NOT NULL,
  last_offset        bigint,
  last_timestamp_ms  bigint,             -- Kafka's timestamp; null if the record has none
  last_event_id      text COLLATE "C",
  moved_at           timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (topic, partition)
);

-- Returns whether this schema has a table, and, if `parent` is given, has it as a partition of `parent`.
-- Queries the catalog with plain SQL, because to_regclass may answer from a state that is older than a
-- lock for which this transaction has just waited.
CREATE FUNCTION has_table(name text, parent text DEFAULT NULL) RETURNS boolean
LANGUAGE sql SET search_path FROM CURRENT AS $$
  SELECT EXISTS (
    SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_inherits i ON i.inhrelid = c.oid LEFT JOIN pg_class p ON p.oid = i.inhparent
    WHERE n.nspname = current_schema() AND c.relname = name
      AND (parent IS NULL OR p.relnamespace = n.oid AND p.relname = parent))
$$;

-- Creates the tables of a month, given by its first day, if they are missing. Runs with the rights of the
-- owner, so that other roles can call it. Attaching a table blocks neither readers nor writers.
CREATE FUNCTION add_month(month date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  parent text;
  child text;
BEGIN
  FOREACH parent IN ARRAY ARRAY['records', 'player_counts', 'recently_played_games'] LOOP
    child := parent || to_char(month, '_YYYY_MM');
    CONTINUE WHEN has_table(child, parent);
    EXECUTE format('LOCK TABLE %I IN SHARE UPDATE EXCLUSIVE MODE', parent);
    CONTINUE WHEN has_table(child, parent);
    IF has_table(child) THEN
      RAISE 'table %.% is no partition of % any more: attach it again, or rename it',
            current_schema(), child, parent USING ERRCODE = '55000';
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', child, parent);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES IN (%L)', parent, child, month);
  END LOOP;
END $$;

-- Drops the months before the last `kept` ones, not counting the current one. Rows that belong to no
-- month are deleted by their event time.
CREATE FUNCTION drop_months(kept integer) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  first timestamp := date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => kept);
  child text;
BEGIN
  FOR child IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = ANY (ARRAY['records', 'player_counts', 'recently_played_games']::regclass[])
      AND c.relname NOT LIKE '%undated' AND right(c.relname, 7) < to_char(first, 'YYYY_MM')
    ORDER BY i.inhparent, c.relname
  LOOP
    EXECUTE format('DROP TABLE IF EXISTS %I', child);
  END LOOP;
  FOREACH child IN ARRAY ARRAY['records_undated', 'player_counts_undated',
                               'recently_played_games_undated', 'news'] LOOP
    EXECUTE format('DELETE FROM %I WHERE event_time < %L', child, first AT TIME ZONE 'UTC');
  END LOOP;
END $$;
)sql"};

constexpr int kFirstVersion = 2;  // version 1 had different tables with the same names
constexpr int kVersion = kFirstVersion + static_cast<int>(kMigrations.size()) - 1;

// Returns the version of the schema, or 0 if it has none. Queries the catalog with plain SQL,
// because to_regclass may answer from a state older than the lock that another run has just
// released.
int VersionOf(PostgresClient& client, const std::string& schema) {
  const auto tables = client.Execute(
      "SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
      " WHERE n.nspname = $1 AND c.relname = 'schema_version'",
      {schema});
  if (tables.empty()) return 0;
  const auto version = client.Execute(
      fmt::format("SELECT coalesce(max(version), 0) FROM {}", client.Table("schema_version")));
  return std::stoi(*version[0][0]);
}

void RefuseUnknown(int version, const std::string& schema) {
  if (version > 0 && version < kFirstVersion) {
    throw TaskError(
        ExitCode::kConfig,
        fmt::format("schema {} has version {}, which this program cannot use: choose another "
                    "--schema, or drop this one; the next run then fills it with the "
                    "records that Kafka has",
                    schema, version));
  }
  if (version <= kVersion) return;
  throw TaskError(ExitCode::kConfig,
                  fmt::format("schema {} has version {}, but the latest that this program knows is "
                              "{}: install the newer program",
                              schema, version, kVersion));
}

}  // namespace

void PreparePostgresSchema(PostgresClient& client, const std::string& schema, bool may_create) {
  const std::string quoted = client.Quote(schema);
  const int found = VersionOf(client, schema);
  RefuseUnknown(found, quoted);
  if (found == kVersion) return;
  if (!may_create) {
    throw TaskError(ExitCode::kConfig,
                    fmt::format("schema {} has {}; a run without --no-create-schema creates them",
                                quoted, found == 0 ? "no tables" : "older tables"));
  }
  client.Transaction([&] {
    client.Execute("SELECT pg_advisory_xact_lock(hashtext($1))", {"steamflow " + schema});
    const int version = VersionOf(client, schema);  // another run may have been faster
    RefuseUnknown(version, quoted);
    if (client.Execute("SELECT FROM pg_namespace WHERE nspname = $1", {schema}).empty()) {
      client.Execute("CREATE SCHEMA " + quoted);
    }
    if (version == 0) {
      client.Execute(
          "CREATE TABLE schema_version (version integer NOT NULL,"
          " migrated_at timestamptz NOT NULL DEFAULT now())");
    }
    for (int next = std::max(version + 1, kFirstVersion); next <= kVersion; ++next) {
      client.Execute(kMigrations[static_cast<std::size_t>(next - kFirstVersion)]);
      client.Execute("INSERT INTO schema_version (version) VALUES ($1)", {fmt::to_string(next)});
    }
    return true;
  });
}

}  // namespace steamflow
