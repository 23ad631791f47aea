#include "task_error.h"

#include <gtest/gtest.h>

#include <iterator>

#include "exit_meaning.h"

namespace steamflow {
namespace {

struct Expected {
  ExitCode code;
  int number;
  std::string_view kind;
  bool retryable;
};

// The table from the contract.
constexpr Expected kCodes[] = {
    {ExitCode::kUsage, 64, "usage", false},
    {ExitCode::kData, 65, "data", false},
    {ExitCode::kInternal, 70, "internal", false},
    {ExitCode::kOutput, 74, "internal", true},
    {ExitCode::kTransient, 75, "transient", true},
    {ExitCode::kAuth, 77, "auth", false},
    {ExitCode::kConfig, 78, "config", false},
    {ExitCode::kSkipped, 99, "skipped", false},
    {ExitCode::kInterrupted, 130, "interrupted", true},
    {ExitCode::kTerminated, 143, "interrupted", true},
};

TEST(TaskErrorTest, CodesKindsAndRetriesAreThoseOfTheContract) {
  for (const Expected& expected : kCodes) {
    EXPECT_EQ(static_cast<int>(expected.code), expected.number);
    EXPECT_EQ(Kind(expected.code), expected.kind) << expected.number;
    EXPECT_EQ(IsRetryable(expected.code), expected.retryable) << expected.number;
  }
}

TEST(TaskErrorTest, EveryCodeHasAMeaning) {
  const auto meanings = ExitMeanings();
  ASSERT_EQ(meanings.size(), std::size(kCodes) + 1);
  EXPECT_EQ(meanings.front().code, ExitCode::kSuccess);
  for (std::size_t i = 0; i < std::size(kCodes); ++i) {
    EXPECT_EQ(meanings[i + 1].code, kCodes[i].code);
    EXPECT_FALSE(meanings[i + 1].text.empty());
  }
}

TEST(TaskErrorTest, KeepsCodeAndMessage) {
  const TaskError error(ExitCode::kTransient, "asking Redis: no response");
  EXPECT_EQ(error.code(), ExitCode::kTransient);
  EXPECT_STREQ(error.what(), "asking Redis: no response");
}

}  // namespace
}  // namespace steamflow
