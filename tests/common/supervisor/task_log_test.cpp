#include "task_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>

namespace airflow {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(TaskLogTest, TheThresholdIsTheDeploymentsOrThatOfTheNearestName) {
  EXPECT_EQ(ThresholdOf("steamflow.news", "WARNING", ""), Level::kWarning);
  EXPECT_EQ(ThresholdOf("steamflow.news", "", ""), Level::kInfo);
  EXPECT_EQ(ThresholdOf("steamflow.news", "loud", ""), Level::kInfo);
  const char* const names = "steamflow=debug,\n steamflow.news=ERROR steam=critical nonsense x=y";
  EXPECT_EQ(ThresholdOf("steamflow.news", "INFO", names), Level::kError);
  EXPECT_EQ(ThresholdOf("steamflow.news.app", "INFO", names), Level::kError);
  EXPECT_EQ(ThresholdOf("steamflow", "INFO", names), Level::kDebug);
  EXPECT_EQ(ThresholdOf("steamflower", "INFO", names), Level::kInfo);
}

TEST(TaskLogTest, ARecordIsOneLineOfJson) {
  const std::string line =
      FormatRecord("steamflow", Level::kWarning, "a \"b\"\n\xFF", 1795386840, 250'000'000);
  EXPECT_EQ(line,
            "{\"timestamp\":\"2026-11-22T22:34:00.250000Z\",\"level\":\"warning\","
            "\"event\":\"a \\\"b\\\"\\n\uFFFD\",\"logger\":\"steamflow\"}\n");
}

TEST(TaskLogTest, ARecordMaySayMore) {
  const std::string line = FormatRecord("steamflow", Level::kInfo, "e", 0, 0, {{"trace", "t\n"}});
  EXPECT_THAT(line, HasSubstr("\"logger\":\"steamflow\",\"trace\":\"t\\n\"}\n"));
}

// Both ends of the log's socket.
class TaskLogSocketTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends_.data()), 0); }
  void TearDown() override {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  std::string Received() const {
    std::array<char, 65536> buffer;
    const auto got = ::recv(ends_[1], buffer.data(), buffer.size(), MSG_DONTWAIT);
    return got > 0 ? std::string(buffer.data(), static_cast<std::size_t>(got)) : "";
  }
  std::array<int, 2> ends_;
};

TEST_F(TaskLogSocketTest, WhatComesBeforeTheConnectionIsSentFirst) {
  TaskLog log("steamflow");
  log.Write(Level::kInfo, "first");
  log.Write(Level::kError, "second");
  log.Connect(ends_[0]);
  log.Add("trace", "t");
  log.Write(Level::kInfo, "third");
  const std::string received = Received();
  EXPECT_LT(received.find("third"), received.find("\"trace\":\"t\""));
  EXPECT_LT(received.find("first"), received.find("second"));
  EXPECT_LT(received.find("second"), received.find("third"));
  EXPECT_THAT(received, HasSubstr("third"));
}

TEST_F(TaskLogSocketTest, WhatIsBelowTheThresholdIsNotSent) {
  ::setenv("AIRFLOW__LOGGING__LOGGING_LEVEL", "WARNING", 1);
  TaskLog log("steamflow");
  ::unsetenv("AIRFLOW__LOGGING__LOGGING_LEVEL");
  log.Connect(ends_[0]);
  log.Write(Level::kInfo, "quiet");
  log.Write(Level::kWarning, "loud");
  EXPECT_THAT(Received(), Not(HasSubstr("quiet")));
}

TEST_F(TaskLogSocketTest, ASupervisorThatDoesNotReadHoldsNothingUpAndGetsWholeLines) {
  TaskLog log("steamflow");
  log.Connect(ends_[0]);
  for (int i = 0; i < 20; ++i) log.Write(Level::kError, std::string(50'000, 'x'));
  std::string received = Received();
  EXPECT_LT(received.size(), 20U * 50'000) << "the socket took all: nothing was left out";
  log.Write(Level::kError, "last");
  for (std::string more = Received(); !more.empty(); more = Received()) received += more;
  int lines = 0;
  for (std::size_t at = 0; at < received.size(); ++lines) {
    const auto end = received.find('\n', at);
    ASSERT_NE(end, std::string::npos);
    EXPECT_TRUE(Json::accept(received.substr(at, end - at))) << "line " << lines;
    at = end + 1;
  }
  EXPECT_GT(lines, 1);
  EXPECT_THAT(received, HasSubstr("last"));
}

}  // namespace
}  // namespace airflow
