#include "progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <unistd.h>

#include <array>

namespace steamflow {
namespace {

// A terminal in place of stderr.
class Terminal {
 public:
  Terminal() {
    EXPECT_EQ(::openpty(&master_, &slave_, nullptr, nullptr, nullptr), 0);
    ::dup2(slave_, STDERR_FILENO);
  }
  ~Terminal() {
    ::dup2(before_, STDERR_FILENO);
    for (const int fd : {before_, master_, slave_}) ::close(fd);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // Returns what has been written to the terminal.
  std::string Read() {
    std::string text;
    pollfd wanted{.fd = master_, .events = POLLIN, .revents = 0};
    while (::poll(&wanted, 1, 0) == 1) {
      std::array<char, 4096> buffer;
      const auto got = ::read(master_, buffer.data(), buffer.size());
      if (got <= 0) break;
      text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return text;
  }

 private:
  const int before_ = ::dup(STDERR_FILENO);
  int master_ = -1;
  int slave_ = -1;
};

TEST(ProgressTest, DrawsOneLineAndTakesItAway) {
  Terminal terminal;
  {
    Log log("t", LogLevel::kWarning, LogFormat::kText, true);
    ASSERT_TRUE(log.shows_progress());
    Progress progress(log, 100);
    progress.Show(5, 2);
    EXPECT_THAT(terminal.Read(),
                testing::MatchesRegex("\r\x1b\\[K5 of 100 items, [0-9]+ a second, 2 retries"));
    progress.Show(6, 2);
    EXPECT_EQ(terminal.Read(), "") << "the line changes at most five times a second";
    log.Warning("trying again");
    EXPECT_THAT(terminal.Read(), testing::MatchesRegex("\r\x1b\\[K.* trying again\r\n"));
    log.ShowProgress("7 of 100");
    EXPECT_EQ(terminal.Read(), "\r\x1b[K7 of 100");
  }
  EXPECT_EQ(terminal.Read(), "\r\x1b[K");
}

TEST(ProgressTest, NoneWhereItIsNotWanted) {
  Terminal terminal;
  {
    Log log("t", LogLevel::kWarning, LogFormat::kText, false);
    Progress progress(log, 100);
    progress.Show(5, 2);
  }
  EXPECT_EQ(terminal.Read(), "");
}

}  // namespace
}  // namespace steamflow
