// The PostgreSQL sink with a real PostgreSQL and librdkafka's mock Kafka.

#include <gmock/gmock.h>

#include "postgres_sink_fixture.h"

namespace steamflow::test {
namespace {

class KafkaToPostgres : public PostgresSinkTest {};

TEST_F(KafkaToPostgres, EveryKindHasItsTable) {
  Write(kCountsTopic,
        {{"엘든 링",
          At("2026-11-23T07:34:00+09:00", R"("game":"엘든 링","appid":1245620,"player_count":5)"),
          {{"event_id", "topic_currPlayer/1245620/2026-11-22T22:34Z"}}}});
  Write(
      kGamesTopic,
      {{"570",
        At("2026-11-23T07:34:00+09:00",
           R"("appid":570,"name":"Dota 2","playtime_2weeks":9,"playtime_forever":90,"steam_id":"76561197960434622")"),
        {{"event_id", "rct_plyd_games/2026-11-22T22:34Z/76561197960434622/570"}}}});
  Write(kPlayersTopic,
        {{"76561197960434622",
          At("2026-11-23T07:34:00+09:00",
             R"("steamid":"76561197960434622","personaname":"나","timecreated":1063407600)"),
          {{"event_id", "p"}}}});
  Write(kNewsTopic,
        {{std::nullopt,
          At("2026-11-23T07:34:00+09:00",
             R"("feed_appid":440,"gid":"77","title":"T","date":1749978054,"tags":["a"])"),
          {{"event_id", "steam_news/77"}}}});
  Write("another", {{"k", "{ \"a\" : 1 }", {}}});
  const JsonValue result = Drain({"--topic", kCountsTopic, "--topic", kGamesTopic, "--topic",
                                  kPlayersTopic, "--topic", kNewsTopic, "--topic", "another"});
  EXPECT_EQ(result.Raw("/source/topics/another"), R"({"records":1,"partitions":4,"lag":0})");
  EXPECT_EQ(result.Number("/source/records"), 5);
  EXPECT_EQ(Sink(result), Counts(5, 0, 0));
  EXPECT_EQ(Rows("records"), "5");
  EXPECT_EQ(
      Value("SELECT (game, appid, player_count, event_time AT TIME ZONE 'UTC') FROM player_counts"),
      "(\"엘든 링\",1245620,5,\"2026-11-22 22:34:00\")");
  EXPECT_EQ(Value("SELECT (steam_id, appid, name, playtime_2weeks, playtime_forever, "
                  "playtime_mac_forever) FROM recently_played_games"),
            "(76561197960434622,570,\"Dota 2\",9,90,)");
  EXPECT_EQ(
      Value("SELECT (steamid, personaname, extract(epoch from timecreated)::int) FROM players"),
      "(76561197960434622,나,1063407600)");
  EXPECT_EQ(Value("SELECT (feed_appid, gid, title, event_time AT TIME ZONE 'UTC') FROM news"),
            "(440,77,T,\"2025-06-15 09:00:54\")");
  EXPECT_EQ(Value("SELECT key FROM records WHERE topic = 'steam_news'"), "NULL");
  EXPECT_EQ(Value("SELECT (event_id ~ '^another/2[0-9T:.-]+Z/[0-3]/0$', key, value) FROM records "
                  "WHERE topic = "
                  "'another'"),
            R"((t,k,"{""a"": 1}"))");
  EXPECT_EQ(Letters().size(), 0u);
}

TEST_F(KafkaToPostgres, ARunGoesOnWhereTheLastOneEnded) {
  WriteMany("t", 25);
  EXPECT_EQ(Sink(Drain({"--topic", "t"})), Counts(25, 0, 0));
  EXPECT_EQ(Sink(Drain({"--topic", "t"})), Counts(0, 0, 0));
  WriteMany("t", 5, 25);
  EXPECT_EQ(Sink(Drain({"--topic", "t"})), Counts(5, 0, 0));
  EXPECT_EQ(Value(R"(SELECT sum("offset") FROM sink_offsets)"), "30");
  EXPECT_EQ(Rows("records"), "30");
}

TEST_F(KafkaToPostgres, TheLevelDebugTellsEachBatchAndMoveOfAPosition) {
  Write("t", {{"key", R"({"a":1})", {{"event_id", "t/1"}}}});
  const Ended first = Run({"--topic", "t", "--log-level", "debug"});
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.err, ::testing::HasSubstr("batch into postgres: 1 records, 10 bytes, "));
  EXPECT_THAT(first.err, ::testing::HasSubstr(" ms; 1 inserted, 0 duplicates, 0 dead letters\n"));
  EXPECT_THAT(first.err, ::testing::ContainsRegex("position t/[0-3]: from none to 1\n"));
}

// A source that was killed produces its records again at another time, with the same event ids.
TEST_F(KafkaToPostgres, AnEventIsStoredOnceWhateverItsTime) {
  const auto game = [](const char* time) {
    return NewMessage{"570",
                      At(time, R"("appid":570,"steam_id":"76561197960434622")"),
                      {{"event_id", "rct_plyd_games/2026-10-31T23:58Z/76561197960434622/570"}}};
  };
  Write(kGamesTopic,
        {game("2026-10-31T23:58:00Z"), game("2026-10-31T23:58:00Z"), game("2026-10-31T23:59:00Z"),
         game("2026-11-01T00:00:00Z"), game("2026-11-01T00:01:00Z")});
  EXPECT_EQ(Sink(Drain({"--topic", kGamesTopic})), Counts(1, 4, 0));
  Write(kGamesTopic, {game("2026-12-01T00:00:00Z"), game("2026-10-31T23:58:00Z")});
  EXPECT_EQ(Sink(Drain({"--topic", kGamesTopic})), Counts(0, 2, 0));
  EXPECT_EQ(Rows("records"), "1");
  EXPECT_EQ(Rows("recently_played_games"), "1");
}

// The id alone names the month, whatever the time, the partition and the order are.
TEST_F(KafkaToPostgres, AnEventIsStoredOnceWhateverItsPartition) {
  const auto event = [](const char* id, const char* time, int partition) {
    return NewMessage{"k", At(time, ""), {{"event_id", id}}, partition};
  };
  for (const char* id : {"e", "t/2026-11-01T00:00Z"}) {
    Write("t", {event(id, "2026-11-10T00:00:00Z", 0), event(id, "2026-12-01T00:00:00Z", 1)});
    Drain({"--topic", "t", "--shard", "1/2"});
    EXPECT_EQ(Sink(Drain({"--topic", "t", "--shard", "0/2"})), Counts(0, 1, 0));
  }
  Write("u", {event("e", "2026-11-10T00:00:00Z", 0)});
  EXPECT_EQ(Sink(Drain({"--topic", "u"})), Counts(1, 0, 0)) << "another topic may use the same id";
  EXPECT_EQ(Value("SELECT string_agg(DISTINCT tableoid::regclass::text, ',') FROM records"),
            "records_2026_11,records_undated");
  EXPECT_EQ(Rows("records"), "3");
}

TEST_F(KafkaToPostgres, NewsShowTheNewestEditionOfEachFeed) {
  const auto news = [](const std::string& feed, const std::string& title, const std::string& time) {
    return NewMessage{
        "77",
        At(time, R"("feed_appid":)" + feed + R"(,"gid":"77","date":1,"title":")" + title + "\""),
        {{"event_id", "steam_news/" + feed + "/77/" + title}}};
  };
  Write(kNewsTopic, {news("440", "second", "2026-11-02T00:00:00Z"),
                     news("440", "first", "2026-10-30T00:00:00Z"),
                     news("570", "other feed", "2026-10-30T00:00:00Z")});
  EXPECT_EQ(Sink(Drain({"--topic", kNewsTopic})), Counts(3, 0, 0));
  const auto titles = [&] {
    return Value("SELECT string_agg(title, ',' ORDER BY feed_appid) FROM news");
  };
  EXPECT_EQ(titles(), "second,other feed");
  Write(kNewsTopic, {news("440", "between", "2026-11-01T00:00:00Z"),
                     news("570", "later", "2026-11-01T00:00:00Z")});
  Drain({"--topic", kNewsTopic});
  EXPECT_EQ(titles(), "second,later");
  EXPECT_EQ(Rows("records"), "5");
  // The item is edited back: this edition is stored already, and the feed shows it again.
  Write(kNewsTopic, {news("440", "first", "2026-11-03T00:00:00Z")});
  EXPECT_EQ(Sink(Drain({"--topic", kNewsTopic})), Counts(0, 1, 0));
  EXPECT_EQ(titles(), "first,later");
  Write(kNewsTopic, {news("440", "second", "2026-11-02T00:00:00Z")});
  EXPECT_EQ(Sink(Drain({"--topic", kNewsTopic})), Counts(0, 1, 0));
  EXPECT_EQ(titles(), "first,later") << "the same observation again is not an edit";
}

// A version from a wrong clock is replaced a day later at most.
TEST_F(KafkaToPostgres, NoVersionOfAPlayerIsFarAheadOfNow) {
  Write(kPlayersTopic, {{"7", At("9999-01-01T00:00:00Z", R"("steamid":"7")"), {}}});
  EXPECT_EQ(Sink(Drain({"--topic", kPlayersTopic})), Counts(1, 0, 0));
  EXPECT_EQ(Value("SELECT event_time < now() + interval '1 day 1 minute' FROM players"), "t");
}

TEST_F(KafkaToPostgres, NewestVersionOfAPlayerWins) {
  const auto player = [](const std::string& name, const std::string& time) {
    return NewMessage{"7", At(time, R"("steamid":"7","personaname":")" + name + "\""), {}};
  };
  const auto name = [&] { return Value("SELECT string_agg(personaname, ',') FROM players"); };
  Write(kPlayersTopic,
        {player("second", "2026-11-22T10:00:00Z"), player("first", "2026-11-22T09:00:00Z")});
  Drain({"--topic", kPlayersTopic});
  EXPECT_EQ(name(), "second");
  Write(kPlayersTopic, {player("older", "2026-11-22T09:59:59Z")});
  Drain({"--topic", kPlayersTopic});
  EXPECT_EQ(name(), "second");
  // With equal times the later topic counts, and within a topic the later offset.
  Write(kUsersTopic, {player("earlier topic", "2026-11-22T10:00:00Z")});
  Drain({"--topic", kUsersTopic});
  EXPECT_EQ(name(), "second");
  Write(kPlayersTopic, {player("later offset", "2026-11-22T10:00:00Z")});
  Drain({"--topic", kPlayersTopic});
  EXPECT_EQ(name(), "later offset");
  EXPECT_EQ(Rows("records"), "5");
}

TEST_F(KafkaToPostgres, TombstoneDeletesAPlayerForGood) {
  const NewMessage old_version{"7", At("2026-11-22T10:00:00Z", R"("steamid":"7")"), {}};
  const NewMessage tombstone{"7", std::nullopt, {}};  // at the current time
  const NewMessage later{
      "7", At("2090-01-01T00:00:00Z", R"("steamid":"7")"), {}};  // counts as of tomorrow
  Write(kPlayersTopic, {old_version});
  Drain({"--topic", kPlayersTopic});
  EXPECT_EQ(Rows("players"), "1");
  Write(kPlayersTopic, {tombstone});
  EXPECT_EQ(Sink(Drain({"--topic", kPlayersTopic})), Counts(1, 0, 0));
  EXPECT_EQ(Rows("players"), "0");
  Write(kPlayersTopic, {old_version});
  Drain({"--topic", kPlayersTopic});
  EXPECT_EQ(Rows("players"), "0");
  Write(kPlayersTopic, {tombstone, old_version});  // in one batch
  Drain({"--topic", kPlayersTopic});
  EXPECT_EQ(Rows("players"), "0");
  Write(kPlayersTopic, {later});
  Drain({"--topic", kPlayersTopic});
  EXPECT_EQ(Rows("players"), "1");
  EXPECT_EQ(Rows("records WHERE value IS NULL"), "2");
  EXPECT_EQ(Rows("records"), "6");
}

TEST_F(KafkaToPostgres, PoisonGoesToTheDeadLetters) {
  std::vector<NewMessage> poison;
  for (const std::string& value :
       std::vector<std::string>{"not JSON", R"({"a":"\u0000"})", R"({"a":"\ud800"})", "", "[1]",
                                "\"" + std::string(900'000, 'x'), "{\"a\":\"\xFF\"}"}) {
    poison.push_back(
        {"k", value, {{"event_id", "e" + std::to_string(poison.size())}, {"more", "m"}}});
  }
  poison.push_back({"k", std::nullopt, {{"event_id", "e" + std::to_string(poison.size())}}});
  auto messages = poison;
  messages.insert(messages.begin() + 3, {"k", "{}", {{"event_id", "good"}}});
  Write(kCountsTopic, messages);
  const Ended run = Run({"--topic", kCountsTopic});
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_EQ(Sink(run.Result()), Counts(1, 0, static_cast<int>(poison.size())));
  EXPECT_EQ(Value("SELECT event_id FROM records"), "good");
  std::map<std::string, Message> letters;
  for (const Message& letter : Letters()) letters[letter.key] = letter;
  ASSERT_EQ(letters.size(), poison.size());
  for (std::size_t i = 0; i < poison.size(); ++i) {
    const Message& letter = letters["e" + std::to_string(i)];
    EXPECT_EQ(letter.value, poison[i].value.value_or(""));
    EXPECT_EQ(letter.headers.at("source_topic"), kCountsTopic);
    EXPECT_EQ(letter.headers.at("source_offset"), std::to_string(i < 3 ? i : i + 1));
    EXPECT_EQ(letter.headers.at("task"), kPostgresTask);
    EXPECT_EQ(letter.headers.at("run_id"), kRunId);
    EXPECT_EQ(letter.headers.at("record.event_id"), letter.key);
  }
  EXPECT_EQ(letters["e1"].headers.at("reason"), "a NUL in a string");
  EXPECT_EQ(letters["e7"].headers.at("reason"), "an empty value");
}

// Values that only the server finds wrong, such as a number that jsonb cannot hold.
TEST_F(KafkaToPostgres, ValuesThatTheServerRefusesGoToTheDeadLetters) {
  WriteMany("t", 100);
  const std::string value = R"({"x":1e999999})";
  Write("t", {{"k", value, {{"event_id", "large"}}}, {"k", value, {{"event_id", "larger"}}}});
  EXPECT_EQ(Sink(Drain({"--topic", "t"})), Counts(100, 0, 2));
  EXPECT_EQ(Rows("records"), "100");
  std::set<std::string> ids;
  for (const Message& letter : Letters()) {
    ids.insert(letter.key);
    EXPECT_EQ(letter.headers.at("record.event_id"), letter.key);
    EXPECT_EQ(letter.headers.at("reason"), "PostgreSQL: value overflows numeric format");
    EXPECT_EQ(letter.value, value);
    EXPECT_EQ(letter.headers.at("source_key"), "k");
  }
  EXPECT_EQ(ids, (std::set<std::string>{"large", "larger"}));
}

TEST_F(KafkaToPostgres, TakesAtMostSoManyRecords) {
  WriteMany("a", 30);
  WriteMany("b", 30);
  std::int64_t lag = 60;
  for (const int expected : {25, 25, 10, 0}) {
    const JsonValue result = Drain({"--topic", "a", "--topic", "b", "--max-records", "25"});
    EXPECT_EQ(Sink(result), Counts(expected, 0, 0));
    lag -= expected;
    EXPECT_EQ(result.Number("/source/topics/a/lag") + result.Number("/source/topics/b/lag"), lag);
  }
}

TEST_F(KafkaToPostgres, ShardsShareThePartitions) {
  WriteMany("t", 100);
  const auto stored = [&](const char* shard) {
    return Drain({"--topic", "t", "--shard", shard}).Number("/sink/inserted");
  };
  const auto first = stored("0/2");
  EXPECT_EQ(stored("0/2"), 0);
  EXPECT_EQ(Value("SELECT string_agg(partition::text, ',' ORDER BY partition) FROM sink_offsets"),
            "0,2");
  EXPECT_EQ(first + stored("1/2"), 100);
}

TEST_F(KafkaToPostgres, UnknownTopicsAreConfiguration) {
  rd_kafka_mock_topic_set_error(kafka_.cluster(), "missing",
                                RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  EXPECT_NE(Fail(78, {"--topic", "missing"}).find("missing"), std::string::npos);
  EXPECT_EQ(Fail(64, {"--topic", "a", "--topic", "a"}), "--topic: 'a' is given twice");
  EXPECT_EQ(Fail(64, {"--topic", "a b"}), "--topic: 'a b' is not a topic name");
  EXPECT_NE(Fail(64, {"--topic", kDeadLetters}).find("again and again"), std::string::npos);
  WriteMany("t", 3);
  rd_kafka_mock_topic_set_error(kafka_.cluster(), kDeadLetters,
                                RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  EXPECT_NE(Fail(78, {"--topic", "t"}).find(kDeadLetters), std::string::npos);
  EXPECT_EQ(Rows("records"), "0");
}

TEST_F(KafkaToPostgres, SettingsAreCheckedFirst) {
  environment_["AIRFLOW_CONN_KAFKA_DEFAULT"] = "kafka://127.0.0.1:1";
  const auto with = [&](const std::string& connection, int code) {
    environment_["AIRFLOW_CONN_POSTGRES_DEFAULT"] = connection;
    return Fail(code);
  };
  EXPECT_NE(with("", 78).find("AIRFLOW_CONN_POSTGRES_DEFAULT"), std::string::npos);
  with("mysql://u:s3cret@h/d", 78);
  with("postgres://u:s3cret@/d", 78);
  EXPECT_NE(with("postgres://u:s3cret@127.0.0.1:1/d?sslmood=require", 78).find("sslmood"),
            std::string::npos);
  EXPECT_NE(with("postgres://u:s3cret@127.0.0.1:1/d?sslmode=bogus", 78).find("sslmode"),
            std::string::npos);
  EXPECT_NE(Fail(64, {"--postgres-url", "postgres://u:s3cret@h/d"}).find("password"),
            std::string::npos);
  Fail(64, {"--max-records", "0"});
  Fail(64, {"--shard", "2/2"});
  Fail(64, {"--schema", ""});
  Fail(64, {"--schema", std::string(64, 's')});
  Fail(64, {"--keep-months", "0"});
  environment_["AIRFLOW_CONN_POSTGRES_DEFAULT"] = database_.Uri();
  environment_.erase("AIRFLOW_CONN_KAFKA_DEFAULT");
  EXPECT_NE(Fail(78).find("AIRFLOW_CONN_KAFKA_DEFAULT"), std::string::npos);
  EXPECT_EQ(Value("SELECT count(*) FROM pg_namespace WHERE nspname = 'steamflow'"), "0");
}

}  // namespace
}  // namespace steamflow::test
