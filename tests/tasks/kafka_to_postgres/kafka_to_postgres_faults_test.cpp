// Failures between kafka-to-postgres and its server. Whatever happens, after a clean run each event
// id is stored once and none is missing.

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "cut_proxy.h"
#include "postgres_sink_fixture.h"

namespace steamflow::test {
namespace {

using Moment = CutProxy::Moment;

class PostgresFaults : public PostgresSinkTest {
 protected:
  // Expects that a clean run stores the rest of `records` records.
  void ExpectAllAfterACleanRun(int records) {
    Drain({"--topic", "t"});
    EXPECT_EQ(Value("SELECT (count(*), count(DISTINCT event_id)) FROM records"),
              "(" + std::to_string(records) + "," + std::to_string(records) + ")");
    EXPECT_EQ(Value(R"(SELECT sum("offset") FROM sink_offsets)"), std::to_string(records));
  }
  void ExpectNothingChanged() {
    EXPECT_EQ(Rows("records"), "0");
    EXPECT_EQ(Value(R"(SELECT sum("offset") FROM sink_offsets)"), "0");
  }
  // Creates the schema, and a position in each partition.
  void Prepare() { Drain({"--topic", "t"}); }

  // Makes the database execute `statement` for each row that is inserted into `records`.
  void RefuseRows(const std::string& statement) {
    database_.Execute("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " +
                      statement + "; RETURN new; END $$");
    database_.Execute(
        "CREATE TRIGGER t BEFORE INSERT ON records FOR EACH ROW EXECUTE FUNCTION refuse()");
  }
};

TEST_F(PostgresFaults, ServerIsDown) {
  environment_ = Environment(database_.Uri("steamflow", "s3cret", "1"));
  EXPECT_NE(Fail(75).find("connecting to PostgreSQL"), std::string::npos);
}

TEST_F(PostgresFaults, LoginOrDatabaseIsWrong) {
  environment_ = Environment(database_.Uri("steamflow", "s3cret"));
  EXPECT_NE(Fail(77).find("password authentication failed"), std::string::npos);
  environment_ = Environment(database_.Uri("nobody", "s3cret"));
  Fail(77);
  environment_ = Environment("postgres://steamflow@" + RealPostgres() + "/" + database_.name());
  EXPECT_NE(Fail(77).find("no password supplied"), std::string::npos);
  environment_ = Environment("postgres://steamflow:steamflow@" + RealPostgres() + "/missing");
  EXPECT_NE(Fail(78).find("does not exist"), std::string::npos);
}

TEST_F(PostgresFaults, PasswordFileAndJsonConnectionsAreTaken) {
  const std::string address = RealPostgres();
  const std::string port = address.substr(address.find(':') + 1);
  const std::string file = testing::TempDir() + database_.name();
  environment_ = Environment(R"({"conn_type":"postgres","host":"127.0.0.1","port":)" + port +
                             R"(,"login":"steamflow","password":"steamflow","schema":")" +
                             database_.name() + R"(","extra":{"sslmode":"prefer","cursor":"c"}})");
  Drain();
  environment_.erase("AIRFLOW_CONN_POSTGRES_DEFAULT");
  environment_["PGPASSFILE"] = file;
  FILE* const out = fopen(file.c_str(), "w");
  fchmod(fileno(out), 0600);
  fputs("*:*:*:steamflow:steamflow\n", out);
  fclose(out);
  Drain({"--postgres-url", "postgres://steamflow@" + address + "/" + database_.name()});
  unlink(file.c_str());
}

TEST_F(PostgresFaults, TablesAreMadeByTheTaskOrMissing) {
  EXPECT_NE(Fail(78, {"--no-create-schema"}).find("has no tables"), std::string::npos);
  Drain({"--schema", "Other name"});
  EXPECT_EQ(Value("SELECT count(*) FROM \"Other name\".records"), "0");
  Prepare();
  database_.Execute("INSERT INTO schema_version (version) VALUES (1000)");
  EXPECT_NE(Fail(78).find("version 1000"), std::string::npos);
}

TEST_F(PostgresFaults, RoleThatOwnsNothingNeedsFewRights) {
  const std::string role = database_.name();
  database_.Execute("CREATE ROLE \"" + role + "\" LOGIN PASSWORD 's3cret'");
  environment_ = Environment(database_.Uri(role, "s3cret"));
  EXPECT_NE(Fail(77).find("permission denied"), std::string::npos);
  environment_ = Environment(database_.Uri());
  Prepare();
  environment_ = Environment(database_.Uri(role, "s3cret"));
  EXPECT_NE(Fail(77, {"--no-create-schema"}).find("permission denied"), std::string::npos);
  database_.Execute("GRANT USAGE ON SCHEMA steamflow TO \"" + role + "\"");
  database_.Execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA steamflow TO \"" +
                    role + "\"");
  WriteMany("t", 10);  // in a month that has no table yet
  EXPECT_EQ(Sink(Drain({"--topic", "t", "--no-create-schema"})), Counts(10, 0, 0));
  database_.Execute("DROP OWNED BY \"" + role + "\"; DROP ROLE \"" + role + "\"");
}

TEST_F(PostgresFaults, LockHeldPastTheDeadline) {
  Prepare();
  WriteMany("t", 10);
  database_.Execute("BEGIN; SELECT * FROM sink_offsets FOR UPDATE");
  EXPECT_NE(Fail(75, {"--topic", "t", "--deadline", "5"}).find("PostgreSQL"), std::string::npos);
  database_.Execute("ROLLBACK");
  ExpectNothingChanged();
  ExpectAllAfterACleanRun(10);
}

TEST_F(PostgresFaults, SigtermWhileWaitingForALock) {
  Prepare();
  WriteMany("t", 10);
  database_.Execute("BEGIN; LOCK TABLE records");
  Program program(Command({"--topic", "t"}), environment_);
  PostgresSession other(database_.name());
  ASSERT_TRUE(Eventually([&] {
    return other.Value(
               "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
               "AND datname = current_database()") == "1";
  }));
  program.Send(SIGTERM);
  const Ended run = program.Wait();
  EXPECT_EQ(run.exit_code, 143) << run.out;
  database_.Execute("ROLLBACK");
  ExpectNothingChanged();
  ExpectAllAfterACleanRun(10);
}

TEST_F(PostgresFaults, ReadOnlyServer) {
  Prepare();
  WriteMany("t", 10);
  const std::string setting =
      "ALTER DATABASE \"" + database_.name() + "\" SET default_transaction_read_only TO ";
  database_.Execute(setting + "on");
  EXPECT_NE(Fail(75, {"--topic", "t"}).find("read-only"), std::string::npos);
  database_.Execute(setting + "off");
  ExpectNothingChanged();
  ExpectAllAfterACleanRun(10);
}

TEST_F(PostgresFaults, DiskIsFull) {
  Prepare();
  RefuseRows("RAISE 'no space left' USING ERRCODE = '53100'");
  WriteMany("t", 10);
  EXPECT_NE(Fail(75, {"--topic", "t"}).find("no space left"), std::string::npos);
  ExpectNothingChanged();
  database_.Execute("DROP TRIGGER t ON records");
  ExpectAllAfterACleanRun(10);
}

// The trigger uses a sequence, because that keeps its value when the transaction is rolled back.
TEST_F(PostgresFaults, DeadlockIsTriedAgain) {
  Prepare();
  database_.Execute("CREATE SEQUENCE tries");
  RefuseRows("IF nextval('tries') < 3 THEN RAISE 'deadlock' USING ERRCODE = '40P01'; END IF");
  WriteMany("t", 10);
  EXPECT_EQ(Sink(Drain({"--topic", "t"})), Counts(10, 0, 0));
  ExpectAllAfterACleanRun(10);
}

TEST_F(PostgresFaults, SessionIsEndedInATransaction) {
  Prepare();
  database_.Execute(R"(CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS
                       $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN new; END $$)");
  database_.Execute(
      "CREATE CONSTRAINT TRIGGER t AFTER UPDATE ON sink_offsets DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW EXECUTE FUNCTION cut()");
  WriteMany("t", 10);
  Fail(75, {"--topic", "t"});
  ExpectNothingChanged();
  database_.Execute("DROP TRIGGER t ON sink_offsets");
  ExpectAllAfterACleanRun(10);
}

TEST_F(PostgresFaults, ConnectionIsCutAroundEachStatement) {
  Prepare();
  int records = 0;
  const std::string commit("COMMIT\0", 7);  // the statement COMMIT, and not a table's ON COMMIT
  for (const Moment moment : {Moment::kBeforeRequest, Moment::kAfterAnswer}) {
    for (const std::string& word :
         std::vector<std::string>{"BEGIN", "sink_offsets", "WITH moves", "add_month", "COPY",
                                  "PGCOPY", "WITH fresh", commit}) {
      SCOPED_TRACE(word);
      // The server does not respond to the beginning of the data.
      if (moment == Moment::kAfterAnswer && word == "PGCOPY") continue;
      WriteMany("t", 10, records);
      records += 10;
      const CutProxy proxy(RealPostgres(), word, moment);
      environment_ = Environment(database_.Uri("steamflow", "steamflow", proxy.port()));
      if (moment == Moment::kAfterAnswer && word == commit) {
        // The server can tell that the transaction was committed.
        EXPECT_EQ(Sink(Drain({"--topic", "t"})), Counts(10, 0, 0));
      } else {
        Fail(75, {"--topic", "t"});
      }
      EXPECT_TRUE(proxy.has_cut());
      environment_ = Environment(database_.Uri());
      ExpectAllAfterACleanRun(records);
    }
  }
}

TEST_F(PostgresFaults, DeadlineEndsARunThatGotOn) {
  Prepare();
  // Storing a batch takes two seconds.
  database_.Execute(R"(CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
                       $$ BEGIN PERFORM pg_sleep(2); RETURN NULL; END $$)");
  database_.Execute("CREATE TRIGGER t BEFORE INSERT ON records EXECUTE FUNCTION wait()");
  WriteMany("t", 60'000);
  const JsonValue result = Drain({"--topic", "t", "--deadline", "10"});
  const auto stored = result.Number("/source/records");
  EXPECT_GT(stored, 0);
  EXPECT_GT(result.Number("/source/topics/t/lag"), 0);
  EXPECT_EQ(stored + result.Number("/source/topics/t/lag"), 60'000);
  EXPECT_EQ(Rows("records"), std::to_string(stored));
  database_.Execute("DROP TRIGGER t ON records");
  ExpectAllAfterACleanRun(60'000);
}

// A run reports exactly what it has stored, even if the response to COMMIT comes after the
// deadline. If there is no response, the run fails.
TEST_F(PostgresFaults, CountsAreTrueAroundTheDeadline) {
  Prepare();
  WriteMany("t", 30'000);
  const std::string commit("COMMIT\0", 7);
  const std::vector<std::string> flags{"--topic", "t", "--deadline", "6"};
  {
    CutProxy proxy(RealPostgres(), commit, Moment::kHoldAnswer, 1);
    environment_ = Environment(database_.Uri("steamflow", "steamflow", proxy.port()));
    const auto late = std::chrono::steady_clock::now() + std::chrono::milliseconds(6'800);
    Program program(Command(flags), environment_);
    ASSERT_TRUE(Eventually([&] { return proxy.has_cut(); }));
    std::this_thread::sleep_until(late);
    proxy.Release();
    const Ended run = program.Wait();
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    EXPECT_EQ(std::to_string(run.Result().Number("/sink/inserted")), Rows("records"));
  }
  WriteMany("t", 30'000, 30'000);
  const CutProxy proxy(RealPostgres(), commit, Moment::kHoldAnswer, 1);
  environment_ = Environment(database_.Uri("steamflow", "steamflow", proxy.port()));
  EXPECT_NE(Fail(75, flags).find("it is unknown whether the last batch was stored"),
            std::string::npos);
  environment_ = Environment(database_.Uri());
  ExpectAllAfterACleanRun(60'000);
}

TEST_F(PostgresFaults, OverlappingSinksStoreEachRecordOnce) {
  WriteMany("t", 60'000);
  std::vector<std::unique_ptr<Program>> programs;
  for (int i = 0; i < 3; ++i) {
    programs.push_back(std::make_unique<Program>(Command({"--topic", "t"}), environment_));
  }
  std::int64_t stored = 0;
  for (const auto& program : programs) {
    const Ended run = program->Wait();
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    EXPECT_EQ(run.Result().Number("/sink/duplicates"), 0);
    stored += run.Result().Number("/sink/inserted");
  }
  EXPECT_EQ(stored, 60'000);
  ExpectAllAfterACleanRun(60'000);
}

TEST_F(PostgresFaults, OldMonthsAreDropped) {
  const auto month_ago = [&](int months) {
    return Value("SELECT to_char((now() AT TIME ZONE 'UTC')::date - make_interval(months => " +
                 std::to_string(months) + "), 'YYYY-MM-01\"T\"00:00:00\"Z\"')");
  };
  for (const int months : {0, 1, 2, 3}) {
    const std::string time = month_ago(months);
    const std::string count = At(time, R"("player_count":1)");
    Write(kCountsTopic,
          {{"k", At(month_ago(0), R"("player_count":1)"), {{"event_id", "of/" + time}}},
           {"k", count, {{"event_id", "undated" + std::to_string(months)}}}});
    Write(kNewsTopic, {{"k", At(time, R"("feed_appid":1,"gid":")" + time + '"'), {}}});
  }
  const std::vector<std::string> flags{"--topic", kCountsTopic, "--topic", kNewsTopic};
  Drain(flags);
  EXPECT_EQ(Rows("player_counts"), "8");
  Drain({"--topic", kCountsTopic, "--keep-months", "1"});
  EXPECT_EQ(Rows("player_counts"), "4");
  EXPECT_EQ(Rows("records WHERE topic = 'topic_currPlayer'"), "4");
  EXPECT_EQ(Rows("news"), "2");
  Drain({"--topic", kCountsTopic, "--keep-months", "1"});
  EXPECT_EQ(Value("SELECT count(*) FROM pg_inherits WHERE inhparent = 'records'::regclass"), "3");
}

}  // namespace
}  // namespace steamflow::test
