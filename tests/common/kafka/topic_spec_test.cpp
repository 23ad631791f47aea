#include "topic_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "file_io.h"

namespace steamflow {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST(IsTopicNameTest, IsKafkasRule) {
  for (const std::string& name :
       {std::string("t"), std::string("rct_plyd_games"), std::string("a.b-C_9"), std::string("..."),
        std::string(249, 'x')}) {
    EXPECT_TRUE(IsTopicName(name)) << name;
  }
  for (const std::string& name :
       {std::string(""), std::string("."), std::string(".."), std::string("a b"),
        std::string("a/b"), std::string("몬"), std::string("a\0", 2), std::string(250, 'x')}) {
    EXPECT_FALSE(IsTopicName(name)) << name;
  }
}

TEST(ParseTopicsTest, ReadsTopicsInTheirOrder) {
  const auto topics = ParseTopics(
      R"({"b": {"partitions": 6, "replication": 3, "config": {"retention.ms": 1000,
          "min.insync.replicas": "2", "preallocate": true}}, "a": {"replication": 1, "partitions": 1}})");
  ASSERT_TRUE(topics) << topics.error();
  ASSERT_EQ(topics->size(), 2U);
  const TopicSpec& first = topics->front();
  EXPECT_EQ(first.name, "b");
  EXPECT_EQ(first.partitions, 6);
  EXPECT_EQ(first.replication, 3);
  EXPECT_EQ(first.config,
            (std::map<std::string, std::string>{
                {"retention.ms", "1000"}, {"min.insync.replicas", "2"}, {"preallocate", "true"}}));
  EXPECT_EQ(topics->back().name, "a");
}

TEST(ParseTopicsTest, TakesTheDefaultFileAndItsPromises) {
  const auto topics = ParseTopics(ReadFile(DEFAULT_TOPICS).value());
  ASSERT_TRUE(topics) << topics.error();
  EXPECT_EQ(topics->size(), 7U);
  for (const TopicSpec& topic : *topics) {
    EXPECT_GE(topic.partitions, 6) << topic.name;
    EXPECT_EQ(topic.replication, 3) << topic.name;
    EXPECT_EQ(topic.config.at("min.insync.replicas"), "2") << topic.name;
    EXPECT_GT(std::stoll(topic.config.at("retention.ms")), 0) << topic.name;
    EXPECT_GT(std::stoll(topic.config.at("retention.bytes")), 0) << topic.name;
  }
}

TEST(ParseTopicsTest, RefusesTheRest) {
  for (
      const char* json :
      {"",
       "[]",
       "{}",
       "{",
       R"({"t": 6})",
       R"({"t": {}})",
       R"({"t": {"partitions": 6}})",
       R"({"t": {"replication": 3}})",
       R"({"t": {"partitions": 0, "replication": 1}})",
       R"({"t": {"partitions": -1, "replication": 1}})",
       R"({"t": {"partitions": 1.5, "replication": 1}})",
       R"({"t": {"partitions": "6", "replication": 1}})",
       R"({"t": {"partitions": 2147483648, "replication": 1}})",
       R"({"t": {"partitions": 6, "replication": 0}})",
       R"({"t": {"partitions": 6, "replication": 32768}})",
       R"({"t": {"partitions": 6, "replication": 3, "retention": 1}})",
       R"({"t": {"partitions": 6, "partitions": 7, "replication": 3}})",
       R"({"t": {"partitions": 6, "replication": 3, "config": []}})",
       R"({"t": {"partitions": 6, "replication": 3, "config": {"": 1}}})",
       R"({"t": {"partitions": 6, "replication": 3, "config": {"a": null}}})",
       R"({"t": {"partitions": 6, "replication": 3, "config": {"a": {}}}})",
       R"({"t": {"partitions": 6, "replication": 3, "config": {"a": 1, "a": 1}}})",
       R"({"t": {"partitions": 6, "replication": 1, "config": {"min.insync.replicas": 2}}})",
       R"({"a b": {"partitions": 6, "replication": 3}})",
       R"({"": {"partitions": 6, "replication": 3}})",
       R"({"t": {"partitions": 6, "replication": 3}, "t": {"partitions": 6, "replication": 3}})",
       R"({"a.b": {"partitions": 6, "replication": 3}, "a_b": {"partitions": 6, "replication": 3}})"}) {
    const auto topics = ParseTopics(json);
    ASSERT_FALSE(topics) << json;
    EXPECT_FALSE(topics.error().empty());
  }
}

TEST(LowerReplicationTest, TakesTheReplicasInSyncAlong) {
  const TopicSpec spec{"t", 6, 3, {{"min.insync.replicas", "2"}, {"retention.ms", "5"}}};
  EXPECT_EQ(LowerReplication(spec, 5).replication, 3);
  EXPECT_EQ(LowerReplication(spec, 2).replication, 2);
  EXPECT_EQ(LowerReplication(spec, 2).config.at("min.insync.replicas"), "2");
  EXPECT_EQ(LowerReplication(spec, 1).replication, 1);
  EXPECT_EQ(LowerReplication(spec, 1).config.at("min.insync.replicas"), "1");
  EXPECT_EQ(LowerReplication(spec, 1).config.at("retention.ms"), "5");
}

TEST(CompareTest, FindsWhatDiffers) {
  const TopicSpec spec{"t", 6, 3, {{"retention.ms", "5"}}};
  const TopicState same{.partitions = 6, .replication = 3, .in_sync = 3};
  const TopicConfig config{{"retention.ms", {"5", true}}};
  EXPECT_THAT(Compare(spec, same, config, 3), IsEmpty());
  TopicState fewer = same;
  fewer.partitions = 3;
  auto differences = Compare(spec, fewer, config, 3);
  ASSERT_EQ(differences.size(), 1U);
  EXPECT_EQ(Describe(differences[0]), "partitions is 3, wanted 6");
  EXPECT_TRUE(differences[0].can_change);
  TopicState more = same;
  more.partitions = 9;
  differences = Compare(spec, more, config, 3);
  ASSERT_EQ(differences.size(), 1U);
  EXPECT_FALSE(differences[0].can_change) << "no topic can shrink";
  differences = Compare(spec, same, {{"retention.ms", {"7", true}}}, 3);
  ASSERT_EQ(differences.size(), 1U);
  EXPECT_THAT(Describe(differences[0]), HasSubstr("retention.ms is 7, wanted 5"));
}

TEST(CompareTest, FewerBrokersThanReplicasAreNoDifference) {
  const TopicSpec spec{"t", 6, 3, {{"min.insync.replicas", "2"}}};
  const TopicState one{.partitions = 6, .replication = 1, .in_sync = 1};
  EXPECT_THAT(Compare(spec, one, {{"min.insync.replicas", {"1", true}}}, 1), IsEmpty());
  // With three brokers the replication differs. min.insync.replicas does not, because it is
  // compared after being lowered to the replicas that exist.
  const auto differences = Compare(spec, one, {{"min.insync.replicas", {"1", true}}}, 3);
  ASSERT_EQ(differences.size(), 1U);
  EXPECT_EQ(Describe(differences[0]), "replication is 1, wanted 3");
}

}  // namespace
}  // namespace steamflow
