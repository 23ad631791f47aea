// A position in a search server knows to which partition it belongs, and is kept beside the
// documents. The tests use a real Kafka and real search servers of both families.

#include "kafka_changes.h"
#include "search_server.h"
#include "task_fixture.h"

namespace steamflow::test {
namespace {

constexpr int kPartitions = 2;

class SearchPositions : public ::testing::TestWithParam<const char*> {
 protected:
  SearchPositions() {
    CreateTopic(RealBrokers(), kDeadLetters);
    CreateTopic(RealBrokers(), topic_, kPartitions);
  }
  void Write(int count, int partition = 0) {
    std::vector<NewMessage> messages;
    for (int i = 0; i < count; ++i) {
      messages.push_back({"k", "{}", {{"event_id", std::to_string(written_++)}}, partition});
    }
    WriteTopic(RealBrokers(), topic_, messages);
  }
  void MakeTopicAnew() {
    DeleteTopic(RealBrokers(), topic_);
    CreateTopic(RealBrokers(), topic_, kPartitions);
  }
  Ended Run(const std::vector<std::string>& more = {}, const std::string& prefix = "") const {
    std::vector<std::string> command{"kafka-to-elasticsearch", "--topic", topic_, "--index-prefix",
                                     search_.prefix() + prefix};
    command.insert(command.end(), more.begin(), more.end());
    return RunProgram(command, {{"AIRFLOW_CONN_ELASTICSEARCH_DEFAULT", search_.url()},
                                {"AIRFLOW_CONN_KAFKA_DEFAULT", "kafka://" + RealBrokers()}});
  }
  // Runs the sink, expects success, and returns how many records it inserted and how many were
  // duplicates.
  std::pair<std::int64_t, std::int64_t> Drain(const std::vector<std::string>& more = {},
                                              const std::string& prefix = "") const {
    const Ended run = Run(more, prefix);
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    return {run.Result().Number("/sink/inserted"), run.Result().Number("/sink/duplicates")};
  }
  std::string Fail(int exit_code) const {
    const Ended run = Run();
    EXPECT_EQ(run.exit_code, exit_code) << run.out << run.err;
    return run.Result().Text("/error/message");
  }
  std::string Group() const { return search_.prefix() + "steamflow-elasticsearch"; }
  std::vector<std::int64_t> GroupShows() const {
    return GroupOffsets(RealBrokers(), Group(), topic_, kPartitions);
  }

  using Counted = std::pair<std::int64_t, std::int64_t>;
  SearchIndices search_{GetParam()};
  const std::string topic_ = UniqueTopic("search_positions");
  int written_ = 0;
};

INSTANTIATE_TEST_SUITE_P(, SearchPositions, testing::Values("opensearch", "elasticsearch"),
                         [](const auto& engine) { return std::string(engine.param); });

TEST_P(SearchPositions, ATopicMadeAnewOfAnyLengthIsAGap) {
  Write(5);
  EXPECT_EQ(Drain(), Counted(5, 0));
  for (const int length : {2, 5, 8}) {
    MakeTopicAnew();
    Write(length);
    for (int i = 0; i < 2; ++i) {
      EXPECT_NE(Fail(65).find("--accept-gap"), std::string::npos) << length;
    }
    EXPECT_EQ(Drain({"--accept-gap"}), Counted(length, 0));
    EXPECT_EQ(Drain(), Counted(0, 0));
  }
  EXPECT_EQ(search_.Count(topic_ + "-undated"), 5 + 2 + 5 + 8);
}

// The partition that is left had no record before, so it does not distinguish the topics.
TEST_P(SearchPositions, ATopicCreatedAgainWithFewerPartitionsIsAGap) {
  Write(3, 1);
  EXPECT_EQ(Drain(), Counted(3, 0));
  search_.Ask("POST", "/" + search_.prefix() + "steamflow-positions/_refresh");
  DeleteTopic(RealBrokers(), topic_);
  CreateTopic(RealBrokers(), topic_, 1);
  Write(2);
  EXPECT_NE(Fail(65).find(topic_ + "/1"), std::string::npos);
  EXPECT_EQ(Drain({"--accept-gap"}), Counted(2, 0));
  search_.Ask("POST", "/" + search_.prefix() + "steamflow-positions/_refresh");
  EXPECT_EQ(Drain(), Counted(0, 0));
}

// The broker forgets the group's offsets, as it does after offsets.retention.minutes without
// activity.
TEST_P(SearchPositions, ThePlaceIsKeptWhereTheConsumerGroupIsForgotten) {
  Write(3, 0);
  Write(4, 1);
  EXPECT_EQ(Drain(), Counted(7, 0));
  DeleteGroup(RealBrokers(), Group());
  Write(1, 1);
  EXPECT_EQ(Drain(), Counted(1, 0));
}

TEST_P(SearchPositions, TheConsumerGroupShowsEveryPartitionInEveryRun) {
  using Offsets = std::vector<std::int64_t>;
  EXPECT_EQ(GroupShows(), (Offsets{-1, -1})) << "the query makes the broker begin to keep groups";
  Write(3, 0);
  Drain();
  EXPECT_EQ(GroupShows(), (Offsets{3, 0}));
  DeleteGroup(RealBrokers(), Group());
  Drain();
  EXPECT_EQ(GroupShows(), (Offsets{3, 0})) << "the offsets must be set although nothing was moved";
  Write(2, 1);
  Drain();
  EXPECT_EQ(GroupShows(), (Offsets{3, 2}));
}

TEST_P(SearchPositions, AnotherPrefixHasPositionsOfItsOwn) {
  Write(5);
  EXPECT_EQ(Drain(), Counted(5, 0));
  EXPECT_EQ(Drain({}, "trial-"), Counted(5, 0));
  Write(1);
  EXPECT_EQ(Drain({}, "trial-"), Counted(1, 0));
  EXPECT_EQ(Drain(), Counted(1, 0));
}

TEST_P(SearchPositions, WithoutPositionsAllIsStoredAgainAndRecognised) {
  Write(5);
  Drain();
  search_.Ask("DELETE", "/" + search_.prefix() + "steamflow-positions");
  Write(1);
  EXPECT_EQ(Drain(), Counted(1, 5));
  EXPECT_EQ(search_.Count(topic_), 6);
}

// A backup contains the positions that belong to its documents, whatever was stored later.
TEST_P(SearchPositions, AStoreThatIsRestoredIsFilledUpAgain) {
  const std::string position =
      "/" + search_.prefix() + "steamflow-positions/_doc/" + topic_ + "%2F0";
  Write(3);
  Drain();
  const std::string backup = search_.Ask("GET", position).Raw("/_source");
  Write(4);
  Drain();
  search_.Ask("PUT", position + "?refresh=true", backup);
  for (int id = 3; id < 7; ++id) {
    search_.Ask("DELETE", "/" + search_.prefix() + topic_ + "-undated/_doc/" + std::to_string(id));
  }
  EXPECT_EQ(Drain(), Counted(4, 0));
  EXPECT_EQ(search_.Count(topic_), 7);
}

TEST_P(SearchPositions, ADocumentThatIsNoPositionIsData) {
  Write(3);
  Drain();
  search_.Ask("PUT", "/" + search_.prefix() + "steamflow-positions/_doc/" + topic_ + "%2F0",
              R"({"last":{}})");
  EXPECT_NE(Fail(65).find(topic_ + "/0"), std::string::npos);
}

}  // namespace
}  // namespace steamflow::test
