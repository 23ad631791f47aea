#include "postgres_schema.h"

#include <fmt/format.h>

#include <array>

namespace steamflow {
namespace {

// What brings a schema from one version to the next, from version 0, an empty one. Only ever added
// to: databases are at every one of these versions.
//
// Within a month an event id is unique by an index of the month's own table; an index over all
// months would have to hold the event time too, which a repeated event may have a different one of.
// The tables of each kind get a row for every row that is new in `records`, in the same statement,
// and need no such index.
constexpr std::array<const char*, 1> kMigrations{R"sql(
CREATE TABLE records (
  event_id     text COLLATE "C" NOT NULL,
  event_time   timestamptz NOT NULL,
  topic        text COLLATE "C" NOT NULL,
  partition    integer NOT NULL,
  "offset"     bigint NOT NULL,
  key          text,
  value        jsonb,                    -- null: a tombstone
  recorded_at  timestamptz NOT NULL DEFAULT now()
) PARTITION BY RANGE (event_time);

CREATE TABLE player_counts (
  event_id      text COLLATE "C" NOT NULL,
  event_time    timestamptz NOT NULL,
  game          text,
  appid         bigint,
  player_count  bigint NOT NULL
) PARTITION BY RANGE (event_time);
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
  playtime_deck_forever     bigint
) PARTITION BY RANGE (event_time);
CREATE INDEX ON recently_played_games (appid, event_time);

CREATE TABLE news (
  event_id    text COLLATE "C" NOT NULL,
  event_time  timestamptz NOT NULL,
  gid         text COLLATE "C" PRIMARY KEY,
  appid       bigint,
  title       text,
  url         text,
  author      text,
  feedname    text,
  feedlabel   text,
  feed_type   bigint,
  contents    text,
  date        timestamptz
);
CREATE INDEX ON news (appid, event_time);

-- The newest version of each player: by event_time, topic, partition and "offset".
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

-- The newest tombstone of each player, which an older event does not bring back.
CREATE TABLE deleted_players (
  steamid     bigint PRIMARY KEY,
  event_time  timestamptz NOT NULL,
  topic       text COLLATE "C" NOT NULL,
  partition   integer NOT NULL,
  "offset"    bigint NOT NULL
);

-- Everything before "offset" is in the tables above, or in the dead letters. The last record before
-- it tells its topic from another one of the same name.
CREATE TABLE sink_offsets (
  topic              text COLLATE "C",
  partition          integer,
  "offset"           bigint NOT NULL,
  last_offset        bigint,
  last_timestamp_ms  bigint,             -- Kafka's; -1: it has none
  last_event_id      text COLLATE "C",
  moved_at           timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (topic, partition)
);

-- Makes the tables of a month (its first day) where they are missing, for roles that own nothing
-- too. A table that is attached keeps nobody from reading or writing meanwhile.
CREATE FUNCTION add_month(month date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  parent text;
  child text;
BEGIN
  FOREACH parent IN ARRAY ARRAY['records', 'player_counts', 'recently_played_games'] LOOP
    child := parent || to_char(month, '_YYYY_MM');
    CONTINUE WHEN to_regclass(child) IS NOT NULL;
    PERFORM pg_advisory_xact_lock('records'::regclass::oid::bigint);
    CONTINUE WHEN to_regclass(child) IS NOT NULL;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', child, parent);
    IF parent = 'records' THEN
      EXECUTE format('ALTER TABLE %I ADD PRIMARY KEY (event_id)', child);
    END IF;
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                   parent, child, month::timestamp AT TIME ZONE 'UTC',
                   (month + interval '1 month') AT TIME ZONE 'UTC');
  END LOOP;
END $$;

-- Drops the months of event time before the last `kept` ones, the current one not counted.
CREATE FUNCTION drop_months(kept integer) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  first timestamp := date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => kept);
  child text;
BEGIN
  FOR child IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = ANY (ARRAY['records', 'player_counts', 'recently_played_games']::regclass[])
      AND right(c.relname, 7) < to_char(first, 'YYYY_MM')
    ORDER BY i.inhparent, c.relname
  LOOP
    EXECUTE format('DROP TABLE IF EXISTS %I', child);
  END LOOP;
  DELETE FROM news WHERE event_time < first AT TIME ZONE 'UTC';
END $$;
)sql"};

constexpr int kVersion = static_cast<int>(kMigrations.size());

// The catalog is asked with plain queries: what to_regclass says may be older than the lock that
// another run has just let go of.
int VersionOf(PostgresClient& client, const std::string& schema) {
  const auto tables = client.Execute(
      "SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
      " WHERE n.nspname = $1 AND c.relname = 'schema_version'",
      {schema});
  if (tables.empty()) return 0;
  const auto version = client.Execute(
      fmt::format("SELECT coalesce(max(version), 0) FROM {}.schema_version", client.Quote(schema)));
  return std::stoi(*version[0][0]);
}

void RefuseNewer(int version, const std::string& schema) {
  if (version <= kVersion) return;
  throw TaskError(ExitCode::kConfig,
                  fmt::format("schema {} has version {}, and this program knows no later one than "
                              "{}: install the newer program",
                              schema, version, kVersion));
}

}  // namespace

void UsePostgresSchema(PostgresClient& client, const std::string& schema) {
  client.Execute(fmt::format("SET search_path TO {}, pg_temp", client.Quote(schema)));
}

void PreparePostgresSchema(PostgresClient& client, const std::string& schema, bool may_create) {
  UsePostgresSchema(client, schema);
  const std::string quoted = client.Quote(schema);
  const int found = VersionOf(client, schema);
  RefuseNewer(found, quoted);
  if (found == kVersion) return;
  if (!may_create) {
    throw TaskError(ExitCode::kConfig,
                    fmt::format("schema {} has {}; a run without --no-create-schema makes them",
                                quoted, found == 0 ? "no tables" : "older tables"));
  }
  client.Transaction([&] {
    client.Execute("SELECT pg_advisory_xact_lock(hashtext($1))", {"steamflow " + schema});
    const int version = VersionOf(client, schema);  // another run may have been faster
    RefuseNewer(version, quoted);
    if (client.Execute("SELECT FROM pg_namespace WHERE nspname = $1", {schema}).empty()) {
      client.Execute("CREATE SCHEMA " + quoted);
    }
    if (version == 0) {
      client.Execute(
          "CREATE TABLE schema_version (version integer NOT NULL,"
          " migrated_at timestamptz NOT NULL DEFAULT now())");
    }
    for (int next = version; next < kVersion; ++next) {
      client.Execute(kMigrations[static_cast<std::size_t>(next)]);
      client.Execute("INSERT INTO schema_version (version) VALUES ($1)",
                     {fmt::to_string(next + 1)});
    }
    return true;
  });
}

}  // namespace steamflow
