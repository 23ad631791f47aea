// A run may be ended early by a signal, the death of its parent, or the deadline. The tests request
// two blocks of ids; the response for the second never comes.

#include <sys/prctl.h>
#include <sys/wait.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "task_fixture.h"

namespace steamflow::test {
namespace {

class Stop : public TaskTest {
 protected:
  void SetUp() override {
    Fault(R"({"match":{"method":"GetPlayerSummaries","steamid":")" + ToText(kFirstPlayersId - 100) +
          R"("},"kind":"silence","times":-1})");
  }

  std::set<std::string> FirstBlock() const {
    return ExpectedPlayers(accounts_, kPlayersTopic, kMinute, kFirstPlayersId, 100);
  }
  // Waits until the records of the first block have arrived.
  void AwaitFirstBlock() {
    ASSERT_TRUE(Eventually(
        [&] { return Requests() == 2 && EventIds(Topic(kPlayersTopic)) == FirstBlock(); }));
  }
  void ExpectFirstBlockKept(std::uint64_t most_calls = 2) {
    EXPECT_EQ(redis_.Get("last_user_id"), ToText(kFirstPlayersId - 100));
    EXPECT_EQ(EventIdsOnce(Topic(kPlayersTopic)), FirstBlock());
    EXPECT_GE(CallsCounted(), 2u);
    EXPECT_LE(CallsCounted(), most_calls);
  }

  const std::vector<std::string> command_{kPlayersTask, "--count", "200"};
};

TEST_F(Stop, SignalsEndTheRunWithTheirCodes) {
  std::size_t delivered = 0;
  for (const auto& [signal, code] : {std::pair{SIGTERM, 143}, std::pair{SIGINT, 130}}) {
    redis_.Command({"FLUSHALL"});
    standin_.Control("DELETE", "/standin/requests");
    Program program(command_, environment_);
    ASSERT_TRUE(Eventually([&] { return Requests() == 2; }));
    delivered += FirstBlock().size();
    ASSERT_TRUE(Eventually([&] { return Topic(kPlayersTopic).size() == delivered; }));
    const auto sent = std::chrono::steady_clock::now();
    program.Send(signal);
    const Ended ended = program.Wait();
    EXPECT_LT(std::chrono::steady_clock::now() - sent, std::chrono::seconds(6));
    EXPECT_EQ(ended.exit_code, code) << ended.out;
    EXPECT_EQ(ended.Result().Text("/status"), "failed");
    EXPECT_EQ(ended.Result().Text("/error/kind"), "interrupted");
    EXPECT_TRUE(ended.Result().Bool("/retryable"));
    EXPECT_EQ(ended.Result().Number("/source/items/ok"),
              static_cast<std::int64_t>(FirstBlock().size()));
    EXPECT_EQ(redis_.Get("last_user_id"), ToText(kFirstPlayersId - 100));
    EXPECT_EQ(CallsCounted(), 2u);
  }
}

TEST_F(Stop, SecondSignalChangesNothing) {
  Program program(command_, environment_);
  AwaitFirstBlock();
  program.Send(SIGTERM);
  program.Send(SIGTERM);
  EXPECT_EQ(program.Wait().exit_code, 143);
  ExpectFirstBlockKept();
}

TEST_F(Stop, SignalWhileKafkaIsGoneKeepsTheCursor) {
  rd_kafka_mock_broker_set_down(kafka_.cluster(), 1);
  Program program(command_, environment_);
  ASSERT_TRUE(Eventually([&] { return Requests() == 2; }));
  const auto sent = std::chrono::steady_clock::now();
  program.Send(SIGTERM);
  const Ended ended = program.Wait();
  EXPECT_LT(std::chrono::steady_clock::now() - sent, std::chrono::seconds(7));
  EXPECT_EQ(ended.exit_code, 143) << ended.out;
  EXPECT_EQ(redis_.Get("last_user_id").value_or(ToText(kFirstPlayersId)), ToText(kFirstPlayersId));
}

TEST_F(Stop, DeadlineEndsTheRunWith75) {
  auto command = command_;
  command.insert(command.end(), {"--deadline", "3"});
  const Ended ended = Run(command);
  EXPECT_EQ(ended.exit_code, 75) << ended.out;
  EXPECT_NE(ended.Result().Text("/error/message").find("deadline"), std::string::npos);
  EXPECT_GE(ended.seconds, 1);
  EXPECT_LT(ended.seconds, 4.5);
  ExpectFirstBlockKept(3);  // the call that hangs is retried after two seconds
}

TEST_F(Stop, DeathOfTheParentIsASigterm) {
  // The children of a parent that dies become children of this process.
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  const std::string path = std::filesystem::temp_directory_path() / UniqueTopic("pid");
  Program parent({"/bin/sh", "-c", "\"$0\" --count 200 & echo $! > \"$1\"; wait",
                  BinaryPath(kPlayersTask), path},
                 environment_);
  AwaitFirstBlock();
  pid_t task = 0;
  std::ifstream(path) >> task;
  ASSERT_GT(task, 0);
  parent.Send(SIGKILL);
  parent.Wait();
  int status = 0;
  ASSERT_EQ(waitpid(task, &status, 0), task);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 143);
  ExpectFirstBlockKept();
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace steamflow::test
