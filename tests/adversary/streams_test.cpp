// The programs' own streams and files: nobody reads them, they are closed, or two of them are the
// same. None of this delays the end of a run, and the result is written wherever it can be.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "task_fixture.h"
#include "test_run.h"

namespace steamflow::test {
namespace {

// A named pipe that is full, with a reader that does not read.
class FullPipe {
 public:
  explicit FullPipe(const std::string& path) {
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    fd_ = ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    const std::string bytes(4096, 'x');
    while (::write(fd_, bytes.data(), bytes.size()) > 0) {
    }
  }
  ~FullPipe() { ::close(fd_); }
  FullPipe(const FullPipe&) = delete;
  FullPipe& operator=(const FullPipe&) = delete;

 private:
  int fd_ = -1;
};

class OwnStreams : public TaskTest {
 protected:
  // Runs a command whose streams the shell redirects.
  Ended RunWith(const std::string& redirection, const std::vector<std::string>& command) const {
    std::vector<std::string> words{"/bin/sh", "-c", R"(exec "$0" "$@" )" + redirection};
    words.push_back(BinaryPath(command[0]));
    words.insert(words.end(), command.begin() + 1, command.end());
    return RunProgram(words, environment_);
  }
  std::string MakePipe() const {
    EXPECT_EQ(::mkfifo(pipe_.c_str(), 0600), 0);
    return pipe_;
  }
  std::size_t Expected() const {
    return ExpectedPlayers(accounts_, kPlayersTopic, kMinute, kFirstPlayersId, 100).size();
  }

  const ScopedFolder folder_;
  const std::string pipe_ = folder_.File("pipe");
};

TEST_F(OwnStreams, AStderrThatNobodyReadsHoldsNothingUp) {
  const FullPipe full(pipe_);
  const Ended run =
      RunWith("2>" + pipe_, {kPlayersTask, "--log-level", "debug", "--deadline", "20"});
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_EQ(run.Result().Number("/kafka/acknowledged"), static_cast<std::int64_t>(Expected()));
}

TEST_F(OwnStreams, WhatFailsIsToldBesideAStderrThatNobodyReads) {
  const FullPipe full(pipe_);
  const Ended usage = RunWith("2>" + pipe_, {kPlayersTask, "--no-such-flag"});
  EXPECT_EQ(usage.exit_code, 64);
  EXPECT_EQ(usage.Result().Number("/exit_code"), 64);
  Fault(R"({"kind":"silence","times":-1})");
  const Ended late = RunWith("2>" + pipe_, {kPlayersTask, "--deadline", "1"});
  EXPECT_EQ(late.exit_code, 75);
  EXPECT_EQ(late.Result().Number("/exit_code"), 75);
}

TEST_F(OwnStreams, TheResultGoesToTheStreamThatTheFileNames) {
  const Ended out = Run({kPlayersTask, "--xcom-file", "/dev/stdout"});
  EXPECT_EQ(out.exit_code, 0) << out.out << out.err;
  ASSERT_EQ(out.Lines().size(), 2u) << out.out;
  EXPECT_EQ(out.Lines()[0], out.Lines()[1]);
  const Ended err = Run({kPlayersTask, "--xcom-file", "/proc/self/fd/2"});
  EXPECT_EQ(err.exit_code, 0) << err.out;
  EXPECT_EQ(err.err, err.out);
  // If the result file is also stdout, it is written in place and not replaced.
  const std::string file = folder_.File("out");
  const Ended same = RunWith(">" + file, {kPlayersTask, "--sink", "stdout", "--xcom-file", file});
  EXPECT_EQ(same.exit_code, 0);
  std::ifstream lines(file);
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);) ++count;
  EXPECT_GT(count, 2u) << "the file needs the records and two result lines";
}

TEST_F(OwnStreams, RecordsGoToTheStreamThatTheSinkNames) {
  const Ended run = Run({kPlayersTask, "--sink", "file:/dev/stdout"});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(run.Lines().size(), Expected() + 1);
  EXPECT_EQ(run.Result().Number("/sink/records"), static_cast<std::int64_t>(Expected()));
}

TEST_F(OwnStreams, AResultFileThatNobodyReadsIs74) {
  const Ended unread = Run({kPlayersTask, "--xcom-file", MakePipe()});
  EXPECT_EQ(unread.exit_code, 74) << unread.out;
  EXPECT_NE(unread.Result().Text("/error/message").find("nobody reads"), std::string::npos);
  std::filesystem::remove(pipe_);
  const FullPipe full(pipe_);
  const Ended run = Run({kPlayersTask, "--xcom-file", pipe_});
  EXPECT_EQ(run.exit_code, 74) << run.out;
  EXPECT_EQ(run.Result().Number("/exit_code"), 74);
}

TEST_F(OwnStreams, ASinkThatNobodyReadsEndsWithTheRun) {
  const std::string sink = "file:" + MakePipe();
  const Ended late = Run({kPlayersTask, "--sink", sink, "--deadline", "1"});
  EXPECT_EQ(late.exit_code, 74) << late.out;
  EXPECT_NE(late.Result().Text("/error/message").find("nobody reads"), std::string::npos)
      << late.out;
  Program stopped({kPlayersTask, "--sink", sink, "--log-level", "debug"}, environment_);
  ASSERT_TRUE(Eventually([&] { return TakesSignals(stopped.pid()); }));
  stopped.Send(SIGTERM);
  const Ended ended = stopped.Wait();
  EXPECT_EQ(ended.exit_code, 143);
  EXPECT_EQ(ended.Result().Number("/exit_code"), 143);
  std::filesystem::remove(pipe_);
  const FullPipe full(pipe_);
  const Ended stuck = Run({kPlayersTask, "--sink", sink, "--deadline", "1"});
  EXPECT_EQ(stuck.exit_code, 74) << stuck.out;
  EXPECT_NE(stuck.Result().Text("/error/message").find("nobody reads"), std::string::npos)
      << stuck.out;
}

TEST_F(OwnStreams, ASinkIsReadByWhoComesLater) {
  Program program({kPlayersTask, "--sink", "file:" + MakePipe()}, environment_);
  std::ifstream records(pipe_);  // waits until the program opens it
  std::size_t count = 0;
  for (std::string line; std::getline(records, line);) ++count;
  const Ended run = program.Wait();
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(count, Expected());
}

// The result cannot be written to stdout then, but to its file.
TEST_F(OwnStreams, AStdoutThatNobodyReadsEndsWithTheRun) {
  const FullPipe full(pipe_);
  const std::string file = folder_.File("xcom");
  const Ended run = RunWith(
      ">" + pipe_, {kPlayersTask, "--sink", "stdout", "--deadline", "1", "--xcom-file", file});
  EXPECT_EQ(run.exit_code, 74);
  std::ifstream xcom(file);
  std::string line;
  ASSERT_TRUE(std::getline(xcom, line));
  EXPECT_EQ(JsonValue(line).Number("/exit_code"), 74) << line;
}

TEST_F(OwnStreams, LimitsOfTheShellEndWithAResult) {
  const auto run_under = [&](const std::string& limit, const std::vector<std::string>& flags) {
    std::vector<std::string> words{"/bin/sh", "-c", "ulimit " + limit + R"( && exec "$0" "$@")",
                                   BinaryPath(kPlayersTask)};
    words.insert(words.end(), flags.begin(), flags.end());
    return RunProgram(words, environment_);
  };
  const Ended file = run_under("-f 8", {"--sink", "file:" + folder_.File("lines")});
  EXPECT_EQ(file.exit_code, 74) << file.out;
  EXPECT_NE(file.Result().Text("/error/message").find("File too large"), std::string::npos);
  // This is the size of a thread's stack, so that no thread can be created.
  const Ended thread = run_under("-s 140000000000", {});
  EXPECT_EQ(thread.exit_code, 75) << thread.out;
  EXPECT_NE(thread.Result().Text("/error/message").find("cannot start another thread"),
            std::string::npos)
      << thread.out;
}

TEST_F(OwnStreams, IdsThatNobodyEndsEndWithTheRun) {
  const FullPipe unfinished(pipe_);
  Program program(
      {"/bin/sh", "-c", R"(exec "$0" --ids - --deadline 1 <)" + pipe_, BinaryPath(kPlayersTask)},
      environment_);
  const Ended run = program.Wait();
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_NE(run.Result().Text("/error/message").find("stdin"), std::string::npos) << run.out;
}

}  // namespace
}  // namespace steamflow::test
