// The end of one run of the Elasticsearch sink and the beginning of the next: positions that do not
// move as requested, stops and kills.

#include <csignal>

#include "bulk_faults.h"

namespace steamflow::test {
namespace {

class PositionFaults : public BulkFaults {};

TEST_F(PositionFaults, APositionThatIsMovedButNotAnsweredIsRecognised) {
  WriteMany(10);
  int responses = 0;
  after_position_ = [&]() -> std::optional<ScriptedResponse> {
    if (++responses > 1) return std::nullopt;
    return ScriptedResponse{.body = std::string(100, 'x'), .cut = true};
  };
  ExpectRun(0, 10, 0, 0);
  EXPECT_EQ(responses, 2);
  ExpectRun(0, 0, 0, 0);
}

// Another run moves the position after this one has read it.
TEST_F(PositionFaults, APositionIsMovedOnlyFromWhereItWasRead) {
  WriteMany(10);
  int moves = 0;
  at_position_ = [&]() -> std::optional<ScriptedResponse> {
    if (++moves == 1) {
      for (const char* id : {"t/0", "t/1", "t/2", "t/3"}) {
        positions_[id] = {++seq_no_, R"({"topic":"t","partition":0,"offset":0})"};
      }
    }
    return std::nullopt;
  };
  ExpectRun(0, 0, 10, 0);
  EXPECT_GT(moves, 1);
  EXPECT_EQ(documents_.size(), 10u);
  ExpectRun(0, 0, 0, 0);
}

TEST_F(PositionFaults, APositionThatCannotBeMovedIsNoSuccess) {
  WriteMany(10);
  at_position_ = [] { return ScriptedResponse{.status = 503}; };
  EXPECT_EQ(Run({"--retries", "1"}).exit_code, 75);
  at_position_ = [] { return Error(403, "security_exception"); };
  EXPECT_EQ(Run().exit_code, 77);
  at_position_ = nullptr;
  ExpectRun(0, 0, 10, 0);
}

// Otherwise monitoring would show no lag, and nobody would learn that the permission is missing.
TEST_F(PositionFaults, AConsumerGroupThatTheLoginMayNotUseIsNamed) {
  constexpr std::int16_t kFindCoordinator = 10;
  WriteMany(3);
  kafka_.FailNext(kFindCoordinator, std::vector<rd_kafka_resp_err_t>(
                                        1000, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED));
  const Ended run = Run();
  EXPECT_EQ(run.exit_code, 77) << run.out << run.err;
  EXPECT_NE(run.Result().Text("/error/message").find("steamflow-elasticsearch"), std::string::npos)
      << run.out;
  rd_kafka_mock_clear_request_errors(kafka_.cluster(), kFindCoordinator);
  ExpectRun(0, 3, 0, 0);
}

TEST_F(PositionFaults, OnSigtermWhatIsSentIsFinishedAndNothingElse) {
  WriteMany(3);
  after_ = [&](const std::vector<Item>&) -> std::optional<ScriptedResponse> {
    Started().Send(SIGTERM);
    return std::nullopt;
  };
  Start();
  ASSERT_TRUE(Eventually([&] { return Answered() > 0; }));
  const Ended run = Started().Wait();
  EXPECT_EQ(run.exit_code, 143) << run.out << run.err;
  EXPECT_EQ(run.Result().Number("/sink/inserted"), 3);
  after_ = nullptr;
  ExpectRun(0, 0, 0, 0);
}

// Kills the task between two requests, at points that kill_elasticsearch_test cannot choose.
TEST_F(PositionFaults, AKillBeforeOrAfterTheWorkLosesNothing) {
  WriteMany(3);
  const auto kill = [&](const std::vector<Item>&) -> std::optional<ScriptedResponse> {
    Started().Send(SIGKILL);
    Started().Wait();
    return std::nullopt;
  };
  for (const auto& [before, after] : {std::pair<Fault, Fault>{kill, {}}, {{}, kill}}) {
    before_ = before;
    after_ = after;
    const std::size_t answered = Answered();
    Start();
    EXPECT_TRUE(Eventually([&] { return Answered() > answered; }));
  }
  before_ = after_ = nullptr;
  EXPECT_EQ(documents_.size(), 3u);
  ExpectRun(0, 0, 3, 0);
}

}  // namespace
}  // namespace steamflow::test
