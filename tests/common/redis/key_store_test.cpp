#include "key_store.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "cut_proxy.h"
#include "redis_fixture.h"

namespace steamflow {
namespace {

using test::CodeOf;
using test::RedisTest;

class KeyStoreTest : public RedisTest {
 protected:
  // Returns a client of Redis itself, or of a proxy in front of it, by its port.
  RedisClient ClientAt(int port) {
    RedisSettings settings = Settings();
    settings.port = port;
    return {settings, test_.stop()};
  }

  RedisKeyStore store_{client_};
};

TEST_F(KeyStoreTest, ReadsAllAtTheSameMoment) {
  server_.Set("a", "1");
  server_.Set("b", "");
  server_.Command({"HSET", "h", "x", "7"});
  const Snapshot snapshot = store_.Read({"a", "b", "missing"}, "h");
  EXPECT_EQ(snapshot.texts, (KeyValues{{"a", "1"}, {"b", ""}, {"missing", std::nullopt}}));
  EXPECT_THAT(snapshot.fields, testing::ElementsAre(testing::Pair("x", "7")));
  EXPECT_TRUE(store_.Read({}, "none").fields.empty());
}

TEST_F(KeyStoreTest, ChangesWhatStandsAsExpected) {
  server_.Set("a", "1");
  server_.Set("gone", "x");
  EXPECT_TRUE(store_.Write({.expected = {{"a", "1"}, {"b", std::nullopt}},
                            .wanted = {{"a", "2"}, {"b", "3"}, {"gone", std::nullopt}}}));
  EXPECT_EQ(server_.Get("a"), "2");
  EXPECT_EQ(server_.Get("b"), "3");
  EXPECT_FALSE(server_.Get("gone"));
}

TEST_F(KeyStoreTest, NamesTheKeyThatIsOfAnotherType) {
  server_.Set("a", "1");
  server_.Command({"RPUSH", "list", "x"});
  server_.Command({"HSET", "h", "x", "4"});
  std::string message;
  EXPECT_EQ(CodeOf([&] { store_.Read({"a", "list", "b"}, "h"); }, &message), ExitCode::kData);
  EXPECT_THAT(message, testing::HasSubstr("WRONGTYPE"));
  EXPECT_THAT(message, testing::EndsWith(": list"));
  EXPECT_EQ(CodeOf([&] { store_.Read({"a"}, "list"); }, &message), ExitCode::kData);
  EXPECT_THAT(message, testing::EndsWith(": list"));
}

// The hash has been replaced since it was read, so nothing at all is written.
TEST_F(KeyStoreTest, WritesNothingBesideAHashThatIsNone) {
  server_.Set("a", "1");
  server_.Set("h", "garbage");
  EXPECT_EQ(CodeOf([&] {
              store_.Write({.expected = {{"a", "1"}},
                            .wanted = {{"a", "2"}},
                            .hash = "h",
                            .fields = {{"x", std::nullopt, "1"}}});
            }),
            ExitCode::kData);
  EXPECT_EQ(server_.Get("a"), "1");
}

TEST_F(KeyStoreTest, LeavesEverythingWhereOneKeyHasChanged) {
  server_.Set("a", "1");
  server_.Set("b", "9");
  server_.Command({"HSET", "h", "x", "4"});
  for (const KeyValues& expected :
       {KeyValues{{"a", "1"}, {"b", "3"}}, KeyValues{{"a", "1"}, {"b", std::nullopt}},
        KeyValues{{"missing", ""}, {"a", "1"}}}) {
    EXPECT_FALSE(store_.Write({.expected = expected,
                               .wanted = {{"a", "2"}},
                               .hash = "h",
                               .fields = {{"x", "4", std::nullopt}}}));
  }
  EXPECT_EQ(server_.Get("a"), "1");
  EXPECT_EQ(server_.Hash("h").size(), 1U);
}

TEST_F(KeyStoreTest, AStateThatAnotherRunHasMadeIsNotThisRuns) {
  server_.Set("a", "2");
  EXPECT_FALSE(store_.Write({.expected = {{"a", "1"}}, .wanted = {{"a", "2"}}}));
}

TEST_F(KeyStoreTest, ComparesIdsToTheirLastDigit) {
  // These two would be equal as Lua numbers.
  server_.Set("a", "76561197960265729");
  EXPECT_FALSE(store_.Write({.expected = {{"a", "76561197960265728"}}, .wanted = {{"a", "5"}}}));
  EXPECT_TRUE(store_.Write(
      {.expected = {{"a", "76561197960265729"}}, .wanted = {{"a", "76561197960265728"}}}));
  EXPECT_EQ(server_.Get("a"), "76561197960265728");
}

TEST_F(KeyStoreTest, AFieldThatAnotherRunHasChangedStays) {
  for (const char* field : {"kept", "changed", "dropped"}) {
    server_.Command({"HSET", "h", field, "1"});
  }
  server_.Command({"HSET", "h", "changed", "5"});
  EXPECT_TRUE(store_.Write(
      {.hash = "h",
       .fields = {
           {"changed", "1", "2"}, {"dropped", "1", std::nullopt}, {"new", std::nullopt, "1"}}}));
  EXPECT_THAT(server_.Hash("h"),
              testing::ElementsAre(testing::Pair("changed", "5"), testing::Pair("kept", "1"),
                                   testing::Pair("new", "1")));
}

TEST_F(KeyStoreTest, AKeyOfAnotherTypeIsDataAndStays) {
  server_.Command({"RPUSH", "list", "x"});
  server_.Set("text", "x");
  EXPECT_EQ(CodeOf([&] { store_.Read({"list"}, "none"); }), ExitCode::kData);
  EXPECT_EQ(CodeOf([&] { store_.Read({}, "text"); }), ExitCode::kData);
  EXPECT_EQ(CodeOf([&] {
              store_.Write({.expected = {{"list", "x"}}, .wanted = {{"list", "y"}}});
            }),
            ExitCode::kData);
  EXPECT_EQ(server_.Command({"LLEN", "list"}), "1");
}

TEST_F(KeyStoreTest, ALostRequestOrResponseIsMadeUpFor) {
  for (const auto moment :
       {test::CutProxy::Moment::kBeforeRequest, test::CutProxy::Moment::kAfterAnswer}) {
    server_.Set("a", "1");
    const test::CutProxy proxy("127.0.0.1:" + std::to_string(server_.port()), "EVAL", moment);
    RedisClient client = ClientAt(std::stoi(proxy.port()));
    EXPECT_TRUE(RedisKeyStore(client).Write({.expected = {{"a", "1"}}, .wanted = {{"a", "2"}}}));
    EXPECT_TRUE(proxy.has_cut());
    EXPECT_EQ(server_.Get("a"), "2");
  }
}

TEST_F(KeyStoreTest, OfManyRunsAtATimeEachStepIsMadeByOne) {
  server_.Set("a", "100");
  std::atomic<int> made = 0;
  std::vector<std::thread> runs;
  for (int run = 0; run < 8; ++run) {
    runs.emplace_back([&] {
      RedisClient client(Settings(), test_.stop());
      RedisKeyStore store(client);
      for (std::string held = "100"; held != "0"; held = *store.Read({"a"}, "h").texts["a"]) {
        const std::string next = std::to_string(std::stoi(held) - 1);
        made += store.Write({.expected = {{"a", held}}, .wanted = {{"a", next}}}) ? 1 : 0;
      }
    });
  }
  for (std::thread& run : runs) run.join();
  EXPECT_EQ(made, 100);
}

TEST(KeyOfTopicTest, OnlyAnotherTopicHasKeysOfItsOwn) {
  EXPECT_EQ(KeyOfTopic("last_user_id", "topic_GetUserInfo", "topic_GetUserInfo"), "last_user_id");
  EXPECT_EQ(KeyOfTopic("last_user_id", "trial", "topic_GetUserInfo"), "last_user_id@trial");
}

}  // namespace
}  // namespace steamflow
