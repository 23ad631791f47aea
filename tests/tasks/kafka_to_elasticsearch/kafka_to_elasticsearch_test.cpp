// The Elasticsearch sink with real search servers of both families and librdkafka's mock Kafka.

#include <algorithm>

#include "kafka_changes.h"
#include "mock_kafka.h"
#include "search_server.h"
#include "task_fixture.h"

namespace steamflow::test {
namespace {

constexpr char kTask[] = "kafka-to-elasticsearch";
constexpr char kCountsTopic[] = "topic_currPlayer";
constexpr char kUsersTopic[] = "steamusers";
constexpr char kNewsTopic[] = "steam_news";
constexpr char kPlayersAlias[] = "topic_getuserinfo";
constexpr char kPlayersIndex[] = "topic_getuserinfo-state";

std::string At(const std::string& time, const std::string& fields) {
  return "{" + fields + (fields.empty() ? "" : ",") + R"("timestamp":")" + time + "\"}";
}

class KafkaToElasticsearch : public ::testing::TestWithParam<const char*> {
 protected:
  KafkaToElasticsearch()
      : environment_{{"AIRFLOW_CONN_ELASTICSEARCH_DEFAULT", search_.url()},
                     {"AIRFLOW_CONN_KAFKA_DEFAULT", "kafka://" + kafka_.brokers()},
                     {"AIRFLOW_CTX_DAG_RUN_ID", kRunId}} {}

  void Write(const std::string& topic, const std::vector<NewMessage>& messages) const {
    WriteTopic(kafka_.brokers(), topic, messages);
  }
  // Writes `count` records of a run that belongs to a trace, each with its own event id.
  void WriteMany(const std::string& topic, int count, int first = 0) const {
    std::vector<NewMessage> messages;
    for (int i = first; i < first + count; ++i) {
      messages.push_back(
          {std::to_string(i),
           At("2026-11-22T22:34:00Z", "\"n\":" + std::to_string(i)),
           {{"event_id", topic + "/" + std::to_string(i)},
            {"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}});
    }
    Write(topic, messages);
  }
  std::vector<std::string> Command(const std::vector<std::string>& flags) const {
    std::vector<std::string> command{kTask, "--index-prefix", search_.prefix()};
    command.insert(command.end(), flags.begin(), flags.end());
    return command;
  }
  Ended Run(const std::vector<std::string>& flags = {}) const {
    return RunProgram(Command(flags), environment_);
  }
  JsonValue Drain(const std::vector<std::string>& flags = {}) const {
    const Ended run = Run(flags);
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    return run.Result();
  }
  std::string Fail(int exit_code, const std::vector<std::string>& flags = {}) const {
    const Ended run = Run(flags);
    EXPECT_EQ(run.exit_code, exit_code) << run.out << run.err;
    EXPECT_EQ((run.out + run.err).find("s3cret"), std::string::npos);
    return run.Result().Text("/error/message");
  }
  static std::string Sink(const JsonValue& result) { return result.Raw("/sink"); }
  static std::string Counts(int inserted, int duplicates, int dead_letters) {
    return R"({"type":"elasticsearch","inserted":)" + std::to_string(inserted) +
           R"(,"duplicates":)" + std::to_string(duplicates) + R"(,"dead_letters":)" +
           std::to_string(dead_letters) + "}";
  }
  std::vector<Message> Letters() const { return ReadTopic(kafka_.brokers(), kDeadLetters); }

  SearchIndices search_{GetParam()};
  MockKafka kafka_;
  Environment environment_;
};

INSTANTIATE_TEST_SUITE_P(, KafkaToElasticsearch, testing::Values("opensearch", "elasticsearch"),
                         [](const auto& engine) { return std::string(engine.param); });

TEST_P(KafkaToElasticsearch, EveryRecordIsADocumentAsItCame) {
  Write(kCountsTopic,
        {{"엘든 링",
          At("2026-11-23T07:34:00+09:00", R"("game":"엘든 링","appid":1245620,"player_count":5)"),
          {{"event_id", "topic_currPlayer/1245620/2026-11-22T22:34Z"}}}});
  Write(kPlayersTopic,
        {{"76561197960434622",
          At("2026-11-23T07:34:00+09:00", R"("steamid":"76561197960434622","x":{"deep":[1,2]})"),
          {{"event_id", "p"}}}});
  Write(kNewsTopic,
        {{std::nullopt, R"({"gid":"77","title":"T","date":1749978054})", {{"event_id", "n/77"}}}});
  Write("Another", {{"k", "\n{ \"a\" :\n 1 }", {}},
                    {"k", " {}", {{"event_id", "\"empty\""}}},
                    {"k", R"({"@timestamp":"2026-01-02T03:04:05Z"})", {{"event_id", "own"}}}});
  const JsonValue result = Drain({"--topic", kCountsTopic, "--topic", kPlayersTopic, "--topic",
                                  kNewsTopic, "--topic", "Another"});
  EXPECT_EQ(Sink(result), Counts(6, 0, 0));
  EXPECT_EQ(result.Raw("/source/topics/Another"), R"({"records":3,"partitions":4,"lag":0})");
  EXPECT_EQ(
      search_.Source("topic_currplayer-2026.11", "topic_currPlayer/1245620/2026-11-22T22:34Z"),
      R"({"@timestamp":"2026-11-22T22:34:00Z","game":"엘든 링","appid":1245620,"player_count":5,"timestamp":"2026-11-23T07:34:00+09:00"})");
  EXPECT_EQ(
      search_.Source(kPlayersIndex, "76561197960434622"),
      R"({"@timestamp":"2026-11-22T22:34:00Z","steamid":"76561197960434622","x":{"deep":[1,2]},"timestamp":"2026-11-23T07:34:00+09:00"})");
  EXPECT_EQ(search_.Source("steam_news-undated", "n/77"),
            R"({"@timestamp":"2025-06-15T09:00:54Z","gid":"77","title":"T","date":1749978054})");
  EXPECT_EQ(search_.Visible("another"), 3);  // visible through the alias, without a refresh
  EXPECT_EQ(search_.Visible("steam_news"), 1);
  EXPECT_EQ(search_.Visible("another-undated"), 2) << "the third id contains Kafka's time";
  EXPECT_EQ(Letters().size(), 0u);
}

TEST_P(KafkaToElasticsearch, ARunGoesOnWhereTheLastOneEnded) {
  WriteMany("t", 25);
  EXPECT_EQ(Sink(Drain({"--topic", "t"})), Counts(25, 0, 0));
  EXPECT_EQ(Sink(Drain({"--topic", "t"})), Counts(0, 0, 0));
  WriteMany("t", 5, 25);
  EXPECT_EQ(Sink(Drain({"--topic", "t"})), Counts(5, 0, 0));
  EXPECT_EQ(search_.Count("t"), 30);
}

// A source that was killed produces its records again at another time, with the same event ids.
TEST_P(KafkaToElasticsearch, AnEventIsStoredOnceWhateverItsTime) {
  const auto game = [](const char* time) {
    return NewMessage{"570",
                      At(time, R"("appid":570,"steam_id":"76561197960434622")"),
                      {{"event_id", "rct_plyd_games/2026-10-31T23:58Z/76561197960434622/570"}}};
  };
  Write(kGamesTopic, {game("2026-10-31T23:58:00Z"), game("2026-10-31T23:58:00Z"),
                      game("2026-11-01T00:00:00Z"), game("2026-11-01T00:01:00Z")});
  EXPECT_EQ(Sink(Drain({"--topic", kGamesTopic})), Counts(1, 3, 0));
  Write(kGamesTopic, {game("2026-12-01T00:00:00Z")});
  EXPECT_EQ(Sink(Drain({"--topic", kGamesTopic})), Counts(0, 1, 0));
  EXPECT_EQ(search_.Count("rct_plyd_games"), 1);
}

// An edited item is another edition. The same edition again is a duplicate, whatever its date and
// partition.
TEST_P(KafkaToElasticsearch, EachEditionOfNewsIsADocument) {
  const auto item = [](const char* edition, const char* date, int partition) {
    return NewMessage{"77",
                      std::string(R"({"gid":"77","feed_appid":480,"date":)") + date + "}",
                      {{"event_id", "steam_news/480/77/" + std::string(edition)}},
                      partition};
  };
  Write(kNewsTopic, {item("aaaaaaaaaaaa", "1793318400", 0), item("aaaaaaaaaaaa", "1796083200", 1)});
  EXPECT_EQ(Sink(Drain({"--topic", kNewsTopic, "--shard", "1/2"})), Counts(1, 0, 0));
  EXPECT_EQ(Sink(Drain({"--topic", kNewsTopic, "--shard", "0/2"})), Counts(0, 1, 0));
  Write(kNewsTopic, {item("bbbbbbbbbbbb", "1796083200", 0)});
  EXPECT_EQ(Sink(Drain({"--topic", kNewsTopic})), Counts(1, 0, 0));
  EXPECT_EQ(search_.Count("steam_news"), 2);
}

TEST_P(KafkaToElasticsearch, NewestVersionOfAPlayerWins) {
  const auto player = [](const std::string& name, const std::string& time) {
    return NewMessage{"7", At(time, R"("steamid":"7","personaname":")" + name + "\""), {}};
  };
  const auto name = [&] {
    return JsonValue(search_.Source(kPlayersIndex, "7")).Text("/personaname");
  };
  Write(kPlayersTopic,
        {player("second", "2026-11-22T10:00:00Z"), player("first", "2026-11-22T09:00:00Z")});
  EXPECT_EQ(Sink(Drain({"--topic", kPlayersTopic})), Counts(1, 1, 0));
  EXPECT_EQ(name(), "second");
  Write(kPlayersTopic, {player("older", "2026-11-22T09:59:59Z")});
  EXPECT_EQ(Sink(Drain({"--topic", kPlayersTopic})), Counts(0, 1, 0));
  EXPECT_EQ(name(), "second");
  Write(kPlayersTopic, {player("later offset", "2026-11-22T10:00:00Z")});
  EXPECT_EQ(Sink(Drain({"--topic", kPlayersTopic})), Counts(1, 0, 0));
  EXPECT_EQ(name(), "later offset");
  EXPECT_EQ(search_.Count(kPlayersAlias), 1);
}

// No field of a record can hide the player like a tombstone.
TEST_P(KafkaToElasticsearch, APlayerCannotHideItself) {
  const auto player = [](const std::string& id, const std::string& field) {
    return NewMessage{id, At("2026-11-22T22:34:00Z", R"("steamid":")" + id + "\"," + field), {}};
  };
  Write(kPlayersTopic, {player("1", R"("@tombstone":true)"), player("2", R"("@tombstone":"true")"),
                        player("3", R"("@tombst\u006fne":[true])"), player("4", R"("n":1)")});
  EXPECT_EQ(Sink(Drain({"--topic", kPlayersTopic})), Counts(4, 0, 0));
  search_.Ask("POST", "/" + search_.prefix() + "*/_refresh");
  EXPECT_EQ(search_.Visible("topic_getuserinfo"), 4);
  EXPECT_NE(search_.Source("topic_getuserinfo", "1").find(R"("@@tombstone":true)"),
            std::string::npos);
}

TEST_P(KafkaToElasticsearch, TombstoneDeletesAPlayerForGood) {
  const NewMessage old_version{"7", At("2025-11-22T10:00:00Z", R"("steamid":"7")"), {}};
  const NewMessage tombstone{"7", std::nullopt, {}};  // at the current time
  Write(kPlayersTopic, {old_version});
  Drain({"--topic", kPlayersTopic});
  EXPECT_EQ(search_.Count(kPlayersAlias), 1);
  Write(kPlayersTopic, {tombstone});
  EXPECT_EQ(Sink(Drain({"--topic", kPlayersTopic})), Counts(1, 0, 0));
  EXPECT_EQ(search_.Count(kPlayersAlias), 0);
  EXPECT_EQ(search_.Count(kPlayersIndex), 1)
      << "it is kept, so that no older record revives the player";
  Write(kPlayersTopic, {old_version, tombstone, old_version, {"8", std::nullopt, {}}});
  EXPECT_EQ(Sink(Drain({"--topic", kPlayersTopic})), Counts(2, 2, 0));
  EXPECT_EQ(search_.Count(kPlayersAlias), 0);
  Write(kPlayersTopic, {{"7", At("2090-01-01T00:00:00Z", R"("steamid":"7")"), {}}});
  Drain({"--topic", kPlayersTopic});
  EXPECT_EQ(search_.Count(kPlayersAlias), 1);
}

// A record from a source with a wrong clock must not win over everything that comes later.
TEST_P(KafkaToElasticsearch, NoPlayerIsNewerThanTomorrow) {
  const auto version = [&](const std::string& steamid) {
    return search_.Ask("GET", "/" + search_.prefix() + kPlayersIndex + "/_doc/" + steamid)
        .Number("/_version");
  };
  Write(kPlayersTopic,
        {{"7", At("2090-01-01T00:00:00Z", R"("steamid":"7")"), {}}, {"8", std::nullopt, {}}});
  Drain({"--topic", kPlayersTopic});
  EXPECT_NEAR(static_cast<double>(version("7") - version("8")), 86'400'000.0, 60'000.0);
}

TEST_P(KafkaToElasticsearch, PoisonAndWhatTheServerRefusesGoToTheDeadLetters) {
  std::vector<NewMessage> poison;
  for (const std::string& value :
       std::vector<std::string>{"not JSON", R"({"a":"\u0000"})", R"({"a":"\ud800"})", "", "[1]",
                                "\"" + std::string(900'000, 'x'),
                                // Only the server finds these wrong.
                                R"({"a":1,"a":2})"}) {
    poison.push_back(
        {"k", value, {{"event_id", "e" + std::to_string(poison.size())}, {"more", "m"}}});
  }
  auto messages = poison;
  messages.insert(messages.begin() + 6, {"k", "{}", {{"event_id", "good"}}});
  Write(kCountsTopic, messages);
  const Ended run = Run({"--topic", kCountsTopic});
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_EQ(Sink(run.Result()), Counts(1, 0, static_cast<int>(poison.size())));
  EXPECT_EQ(search_.Count("topic_currplayer"), 1);
  std::map<std::string, Message> letters;
  for (const Message& letter : Letters()) letters[letter.key] = letter;
  ASSERT_EQ(letters.size(), poison.size());
  for (std::size_t i = 0; i < poison.size(); ++i) {
    const Message& letter = letters["e" + std::to_string(i)];
    EXPECT_EQ(letter.value, poison[i].value.value_or(""));
    EXPECT_EQ(letter.headers.at("source_topic"), kCountsTopic);
    EXPECT_EQ(letter.headers.at("source_offset"), std::to_string(i < 6 ? i : i + 1));
    EXPECT_EQ(letter.headers.at("source_key"), "k");
    EXPECT_EQ(letter.headers.at("run_id"), kRunId);
    EXPECT_EQ(letter.headers.at("record.event_id"), letter.key);
  }
  EXPECT_NE(letters["e6"].headers.at("reason").find("exception: "), std::string::npos);
}

TEST_P(KafkaToElasticsearch, MonthsHaveTheMappingAndTheAliasWhoeverMakesThem) {
  for (const char* id : {"t/2026-11-22T22:34Z/1", "t/2025-01-31T23:59:59.999Z/1", "no time"}) {
    Write(kCountsTopic, {{"k", At("2026-11-22T22:34:00Z", "\"n\":1"), {{"event_id", id}}}});
  }
  Drain({"--topic", kCountsTopic});
  for (const char* month : {"2026.11", "2025.01", "undated"}) {
    const std::string index = search_.prefix() + "topic_currplayer-" + month;
    const JsonValue mapping = search_.Ask("GET", "/" + index);
    const std::string path = "/" + index;
    EXPECT_EQ(mapping.Text(path + "/mappings/properties/player_count/type"), "long");
    EXPECT_TRUE(mapping.Has(path + "/aliases/" + search_.prefix() + "topic_currplayer"));
    EXPECT_FALSE(mapping.Has(path + "/mappings/properties/n")) << "a document has created a field";
  }
}

// A person may have changed the existing templates.
TEST_P(KafkaToElasticsearch, LeavesTemplatesAlone) {
  WriteMany("t", 1);
  Drain({"--topic", "t"});
  const std::string path = "/_index_template/steamflow-" + search_.prefix() + "t";
  search_.Ask("PUT", path, R"({"index_patterns":["none-at-all"],"version":7})");
  WriteMany("u", 1);
  Drain({"--topic", "t", "--topic", "u"});
  EXPECT_EQ(search_.Ask("GET", path).Number("/index_templates/0/index_template/version"), 7);
}

TEST_P(KafkaToElasticsearch, ManyRecordsAreStoredOnceByRunsSideBySide) {
  WriteMany("t", 30'000);
  Program other(Command({"--topic", "t"}), environment_);
  const Ended run = Run({"--topic", "t"});
  const Ended ended = other.Wait();
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  const auto count = [&](const char* name) {
    return run.Result().Number(name) + ended.Result().Number(name);
  };
  // Only one of the runs inserts a document. What a run had sent before the other one moved the
  // position is in no result.
  EXPECT_LE(count("/sink/inserted"), 30'000);
  EXPECT_EQ(count("/sink/dead_letters"), 0);
  EXPECT_EQ(search_.Count("t"), 30'000);
  EXPECT_EQ(Sink(Drain({"--topic", "t"})), Counts(0, 0, 0));
  EXPECT_LT(std::max(run.peak_rss_kib, ended.peak_rss_kib), 64 * 1024);
}

// A full disk makes indices read-only, which is not the documents' fault.
TEST_P(KafkaToElasticsearch, AReadOnlyIndexIsTransient) {
  WriteMany("t", 1);
  Drain({"--topic", "t"});
  WriteMany("t", 5, 1);
  const std::string settings = "/" + search_.prefix() + "t/_settings";
  for (const std::string block : {"read_only_allow_delete", "write"}) {
    search_.Ask("PUT", settings, R"({"index.blocks.)" + block + R"(":true})");
    const Ended run = Run({"--topic", "t", "--retries", "1"});
    EXPECT_EQ(run.exit_code, 75) << run.out;
    EXPECT_NE(run.err.find("trying again"), std::string::npos) << run.err;
    search_.Ask("PUT", settings, R"({"index.blocks.)" + block + R"(":null})");
  }
  EXPECT_EQ(Letters().size(), 0u);
  EXPECT_EQ(Sink(Drain({"--topic", "t"})), Counts(5, 0, 0));
}

TEST_P(KafkaToElasticsearch, AClosedIndexIsConfiguration) {
  WriteMany("t", 1);
  Drain({"--topic", "t"});
  WriteMany("t", 1, 1);
  search_.Ask("POST", "/" + search_.prefix() + "t-undated/_close");
  EXPECT_NE(Fail(78, {"--topic", "t"}).find("closed"), std::string::npos);
  search_.Ask("POST", "/" + search_.prefix() + "t-undated/_open");
  EXPECT_EQ(Sink(Drain({"--topic", "t"})), Counts(1, 0, 0));
  EXPECT_EQ(Letters().size(), 0u);
}

// This test uses a real Kafka, because the mock does not delete records.
TEST_P(KafkaToElasticsearch, RecordsDeletedUnreadAreAGap) {
  const std::string topic = UniqueTopic("elasticsearch_gap");
  CreateTopic(RealBrokers(), topic, 1);
  CreateTopic(RealBrokers(), kDeadLetters);
  environment_["AIRFLOW_CONN_KAFKA_DEFAULT"] = "kafka://" + RealBrokers();
  const auto write = [&](int count) {
    WriteTopic(RealBrokers(), topic, {static_cast<std::size_t>(count), {"k", "{}", {}}});
  };
  write(5);
  EXPECT_EQ(Sink(Drain({"--topic", topic})), Counts(5, 0, 0));
  write(10);
  DeleteRecords(RealBrokers(), topic, 0, 8);
  for (int i = 0; i < 2; ++i) {
    EXPECT_NE(Fail(65, {"--topic", topic}).find("--accept-gap"), std::string::npos);
  }
  EXPECT_EQ(Sink(Drain({"--topic", topic, "--accept-gap"})), Counts(7, 0, 0));
  EXPECT_EQ(Sink(Drain({"--topic", topic})), Counts(0, 0, 0));
}

}  // namespace
}  // namespace steamflow::test
