// A successful run has stored what it was given. If a trigger, rule, policy or column type drops or
// changes a row without an error, in any table, then nothing moves and the message names the table.

#include "postgres_sink_fixture.h"

namespace steamflow::test {
namespace {

constexpr char kGamesTopic[] = "rct_plyd_games";
constexpr char kTime[] = "2026-11-22T22:34:00Z";
constexpr char kLater[] = "2026-11-22T22:35:00Z";

class StoredRows : public PostgresSinkTest {
 protected:
  // A change of the database that affects a table, and how to undo it.
  struct Change {
    std::string table;
    std::string begin;
    std::string end;
  };

  StoredRows() {
    Drain(kFlags);
    Execute(
        "CREATE FUNCTION drop_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'");
    Execute(
        "CREATE FUNCTION keep_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'");
  }

  void Execute(const std::string& sql) { database_.Execute(sql); }

  // `when` is for example "BEFORE INSERT", `what` "RETURN NULL".
  static Change Trigger(const std::string& table, const std::string& when, const std::string& what,
                        const std::string& kind = "") {
    const bool is_constraint = kind == "CONSTRAINT";
    return {table,
            "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " + what +
                "; END $$; CREATE " + kind + " TRIGGER t " + when + " ON " + table +
                (is_constraint ? " DEFERRABLE INITIALLY DEFERRED" : "") +
                " FOR EACH ROW EXECUTE FUNCTION meddle()",
            "DROP TRIGGER t ON " + table + "; DROP FUNCTION meddle()"};
  }

  // Writes a record for each table; those of the news item and of the players are their version
  // `n`.
  void WriteVersion(int n) const {
    const std::string id = std::to_string(n);
    const std::string time = "2026-11-22T22:0" + id + ":00Z";
    Write("t", {{id, At(time, "\"n\":" + id), {{"event_id", "t/" + time}}}});
    Write(kCountsTopic,
          {{id, At(time, R"("game":"Dota 2","appid":570,"player_count":)" + id), {}}});
    Write(kGamesTopic,
          {{id,
            At(time, R"("steam_id":"76561197960499861","appid":570,"playtime_2weeks":)" + id),
            {}}});
    Write(kNewsTopic,
          {{id,
            At(time, R"("feed_appid":570,"gid":"1","date":1790000000,"title":")" + id + '"'),
            {{"event_id", "steam_news/570/1/" + id}}}});
    Write(kUsersTopic, {{"1", At(time, R"("steamid":"1","personaname":")" + id + '"'), {}},
                        {"2", At(time, R"("steamid":"2","personaname":")" + id + '"'), {}}});
  }
  void WriteTombstone() const { Write(kUsersTopic, {{"2", std::nullopt, {}}}); }

  std::string Everything() {
    std::string all;
    for (const char* table : {"records", "player_counts", "recently_played_games", "news",
                              "players", "deleted_players", "sink_offsets"}) {
      all += Value(std::string(
                       "SELECT coalesce(string_agg(t::text, ' ' ORDER BY t::text), '') FROM ") +
                   table + " t") +
             "\n";
    }
    return all;
  }

  // Expects that with each change the run ends with 78, names the table and changes nothing, and
  // that without them it stores everything.
  void ExpectEachIsNoticed(const std::vector<Change>& changes, int records,
                           const std::string& why = "without an error") {
    const std::string before = Everything();
    for (const Change& change : changes) {
      SCOPED_TRACE(change.begin);
      Execute(change.begin);
      const std::string message = Fail(78, kFlags);
      EXPECT_NE(message.find(change.table), std::string::npos) << message;
      EXPECT_NE(message.find(why), std::string::npos) << message;
      Execute(change.end);
      EXPECT_EQ(Everything(), before);
    }
    EXPECT_EQ(Letters().size(), 0u);
    EXPECT_EQ(Sink(Drain(kFlags)), Counts(records, 0, 0));
  }

  inline static const std::vector<std::string> kFlags{
      "--topic",   "t",       "--topic",  kCountsTopic, "--topic",
      kGamesTopic, "--topic", kNewsTopic, "--topic",    kUsersTopic};
};

TEST_F(StoredRows, DroppedOnesAreNoticed) {
  WriteVersion(1);
  std::vector<Change> changes;
  for (const char* table :
       {"records", "player_counts", "recently_played_games", "news", "players"}) {
    changes.push_back(Trigger(table, "BEFORE INSERT", "RETURN NULL"));
    const std::string row = "DELETE FROM " + std::string(table) + " WHERE event_id = new.event_id";
    changes.push_back(Trigger(table, "AFTER INSERT", row + "; RETURN NULL"));
    changes.push_back(Trigger(table, "AFTER INSERT", row + "; RETURN NULL", "CONSTRAINT"));
    changes.push_back(
        Trigger(table, "AFTER INSERT",
                "BEGIN " + row + "; EXCEPTION WHEN division_by_zero THEN END; RETURN NULL"));
  }
  changes.push_back(Trigger("sink_offsets", "BEFORE UPDATE", "RETURN NULL"));
  changes.push_back(Trigger("sink_offsets", "AFTER UPDATE",
                            "DELETE FROM sink_offsets WHERE topic = new.topic; RETURN NULL"));
  ExpectEachIsNoticed(changes, 6);
}

TEST_F(StoredRows, ChangedOnesAreNoticed) {
  WriteVersion(1);
  std::vector<Change> changes;
  const auto change = [&](const std::string& table, const std::string& column,
                          const std::string& to) {
    const std::string set = column + " := " + to;
    changes.push_back(Trigger(table, "BEFORE INSERT", "new." + set + "; RETURN new"));
    const std::string update =
        "UPDATE " + table + " SET " + column + " = " + to + " WHERE event_id = new.event_id";
    changes.push_back(Trigger(table, "AFTER INSERT", update + "; RETURN NULL"));
    changes.push_back(
        Trigger(table, "AFTER INSERT",
                "BEGIN " + update + "; EXCEPTION WHEN division_by_zero THEN END; RETURN NULL",
                "CONSTRAINT"));
  };
  change("records", "value", "'{}'");
  change("records", "key", "NULL");
  change("records", "\"offset\"", "7");
  change("records", "event_id", "new.event_id || 'x'");
  change("player_counts", "player_count", "0");
  change("player_counts", "appid", "NULL");
  change("recently_played_games", "playtime_2weeks", "0");
  change("recently_played_games", "event_time", "now()");
  change("news", "title", "upper('x')");
  change("news", "version_time", "'2030-01-01'");
  change("players", "personaname", "NULL");
  change("players", "event_time", "'2030-01-01'");
  for (const char* column : {"last_offset", "last_timestamp_ms", "\"offset\""}) {
    changes.push_back(Trigger("sink_offsets", "BEFORE UPDATE",
                              std::string("new.") + column + " := 5; RETURN new"));
  }
  ExpectEachIsNoticed(changes, 6);
}

TEST_F(StoredRows, UpdatesAndDeletionsThatDoNotHappenAreNoticed) {
  WriteVersion(1);
  WriteTombstone();
  Drain(kFlags);
  WriteVersion(2);
  std::vector<Change> changes;
  for (const char* table : {"news", "players"}) {
    changes.push_back(Trigger(table, "BEFORE UPDATE", "RETURN NULL"));
    changes.push_back(Trigger(table, "BEFORE UPDATE", "new.event_id := 'x'; RETURN new"));
    changes.push_back(Trigger(table, "BEFORE UPDATE", "RETURN old"));
  }
  ExpectEachIsNoticed(changes, 6);
  Drain(kFlags);
  WriteTombstone();
  Execute(
      "INSERT INTO players (event_id, event_time, topic, partition, \"offset\", steamid)"
      " VALUES ('x', '2026-11-22', 'x', 0, 0, 2)");
  ExpectEachIsNoticed(
      {Trigger("players", "BEFORE DELETE", "RETURN NULL"),
       Trigger("deleted_players", "BEFORE UPDATE", "RETURN NULL"),
       Trigger("deleted_players", "BEFORE UPDATE", "new.event_time := '2020-01-01'; RETURN new"),
       Trigger("deleted_players", "AFTER UPDATE", "DELETE FROM deleted_players; RETURN NULL")},
      1);
}

TEST_F(StoredRows, FirstTombstonesAndPositionsAreStored) {
  WriteTombstone();
  ExpectEachIsNoticed({Trigger("deleted_players", "BEFORE INSERT", "RETURN NULL"),
                       Trigger("deleted_players", "BEFORE INSERT", "new.steamid := 7; RETURN new")},
                      1);
  Execute("DELETE FROM sink_offsets");
  WriteVersion(1);
  const auto refused = [&](const Change& change) {
    Execute(change.begin);
    EXPECT_NE(Fail(78, kFlags).find("table sink_offsets without"), std::string::npos);
    Execute(change.end);
    EXPECT_EQ(Rows("sink_offsets"), "0");
  };
  refused(Trigger("sink_offsets", "BEFORE INSERT", "RETURN NULL"));
  refused(Trigger("sink_offsets", "BEFORE INSERT", "new.\"offset\" := 5; RETURN new"));
  refused(Trigger("sink_offsets", "BEFORE INSERT", "new.topic := 'x'; RETURN new"));
}

TEST_F(StoredRows, RulesAndPoliciesAreNoticed) {
  WriteVersion(1);
  std::vector<Change> changes;
  for (const char* table :
       {"records", "player_counts", "recently_played_games", "news", "players", "sink_offsets"}) {
    const std::string on = " ON " + std::string(table);
    const std::string event = table == std::string("sink_offsets") ? "UPDATE" : "INSERT";
    changes.push_back(
        {table, "CREATE RULE r AS" + (" ON " + event) + " TO " + table + " DO INSTEAD NOTHING",
         "DROP RULE r" + on});
  }
  ExpectEachIsNoticed(changes, 6, "PostgreSQL: ");
  // Policies do not apply to the owner of a table, so this uses another role.
  const std::string role = database_.name();
  Execute("CREATE ROLE \"" + role +
          "\" LOGIN PASSWORD 's3cret'; GRANT USAGE ON SCHEMA steamflow TO \"" + role +
          "\"; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA steamflow TO \"" +
          role + "\"");
  environment_ = Environment(database_.Uri(role, "s3cret"));
  changes.clear();
  for (const char* table : {"news", "players", "sink_offsets"}) {
    const std::string on = " ON " + std::string(table);
    changes.push_back(
        {table,
         "ALTER TABLE " + std::string(table) + " ENABLE ROW LEVEL SECURITY; CREATE POLICY s" + on +
             " FOR SELECT USING (true); CREATE POLICY i" + on + " FOR INSERT WITH CHECK (true)",
         "DROP POLICY s" + on + "; DROP POLICY i" + on + "; ALTER TABLE " + table +
             " DISABLE ROW LEVEL SECURITY"});
  }
  WriteVersion(2);
  const std::string before = Everything();
  for (const Change& change : changes) {
    Execute(change.begin);
    const Ended run = Run(kFlags);
    EXPECT_TRUE(run.exit_code == 77 || run.exit_code == 78) << run.exit_code;
    EXPECT_NE(run.Result().Text("/error/message").find(change.table), std::string::npos) << run.out;
    Execute(change.end);
    EXPECT_EQ(Everything(), before);
  }
  EXPECT_EQ(Sink(Drain(kFlags)), Counts(6, 0, 0));
  Execute("DROP OWNED BY \"" + role + "\"; DROP ROLE \"" + role + "\"");
}

// Column types that store a value with a small change.
TEST_F(StoredRows, ColumnsOfOtherTypesAreNoticed) {
  const std::string large = "9007199254740993";  // 2^53 + 1
  Write(kCountsTopic, {{"k", At(kTime, R"("appid":570,"player_count":)" + large), {}}});
  const std::string table = "ALTER TABLE player_counts ALTER player_count TYPE ";
  ExpectEachIsNoticed({{"player_counts", table + "double precision", table + "bigint"},
                       {"player_counts", "ALTER TABLE player_counts ALTER event_time TYPE date",
                        "ALTER TABLE player_counts ALTER event_time TYPE timestamptz"}},
                      1);
  EXPECT_EQ(Value("SELECT player_count FROM player_counts"), large);
  Write(kUsersTopic, {{"k", At(kTime, R"("steamid":)" + large), {}}});
  Execute(
      "ALTER TABLE players ALTER timecreated TYPE timestamptz(0), ALTER personaname TYPE varchar");
  EXPECT_EQ(Sink(Drain(kFlags)), Counts(1, 0, 0)) << "the type differs, but the value is the same";
  Write(kUsersTopic, {{large, std::nullopt, {}}});
  Execute("ALTER TABLE deleted_players ALTER steamid TYPE double precision");
  EXPECT_NE(Fail(78, kFlags).find("players"), std::string::npos);
}

// Triggers that change nothing, duplicates, and editions and versions older than the stored ones do
// not stop a run.
TEST_F(StoredRows, TriggersThatChangeNothingAreNone) {
  for (const char* table : {"records", "player_counts", "recently_played_games", "news", "players",
                            "deleted_players", "sink_offsets"}) {
    Execute(std::string("CREATE TRIGGER before BEFORE INSERT OR UPDATE ON ") + table +
            " FOR EACH ROW EXECUTE FUNCTION keep_row()");
    Execute(std::string("CREATE TRIGGER after AFTER INSERT OR UPDATE OR DELETE ON ") + table +
            " FOR EACH ROW EXECUTE FUNCTION drop_row()");
  }
  Execute("ALTER TABLE records ADD extra text");
  WriteVersion(3);
  EXPECT_EQ(Sink(Drain(kFlags)), Counts(6, 0, 0));
  for (const int version : {1, 4, 2}) WriteVersion(version);
  EXPECT_EQ(Sink(Drain(kFlags)), Counts(18, 0, 0));
  EXPECT_EQ(Value("SELECT title FROM news"), "4");
  EXPECT_EQ(Value("SELECT string_agg(personaname, '') FROM players"), "44");
  WriteTombstone();
  WriteVersion(5);
  EXPECT_EQ(Sink(Drain(kFlags)), Counts(7, 0, 0));
  EXPECT_EQ(Value("SELECT string_agg(personaname, '') FROM players"), "5");
  Execute(
      "UPDATE sink_offsets SET \"offset\" = 0, last_offset = NULL, last_timestamp_ms = NULL,"
      " last_event_id = NULL");
  EXPECT_EQ(Sink(Drain(kFlags)), Counts(0, 31, 0));
  WriteVersion(6);
  Execute(
      "UPDATE sink_offsets SET \"offset\" = 0, last_offset = NULL, last_timestamp_ms = NULL,"
      " last_event_id = NULL");
  EXPECT_EQ(Sink(Drain(kFlags)), Counts(6, 31, 0));
}

// Whatever the default isolation level of the database is, a run sees what was committed while it
// waited for a lock.
TEST_F(StoredRows, AnIsolationOfTheDatabaseRevivesNoPlayer) {
  Execute("ALTER DATABASE \"" + database_.name() +
          "\" SET default_transaction_isolation TO 'repeatable read'");
  Write(kUsersTopic, {{"1", At(kTime, R"("steamid":"1")"), {}}});
  Execute("BEGIN; SELECT pg_advisory_xact_lock('players'::regclass::oid::bigint)");
  Program program(Command(kFlags), environment_);
  PostgresSession other(database_.name());
  ASSERT_TRUE(Eventually([&] {
    return other.Value(
               "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == "1";
  }));
  Execute(std::string("INSERT INTO deleted_players VALUES (1, '") + kLater +
          "', 'steamusers', 0, 9); COMMIT");
  const Ended run = program.Wait();
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(Sink(run.Result()), Counts(1, 0, 0));
  EXPECT_EQ(Rows("players"), "0");
}

}  // namespace
}  // namespace steamflow::test
