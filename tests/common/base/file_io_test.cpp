#include "file_io.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <system_error>
#include <thread>

#include "test_run.h"

namespace steamflow {
namespace {

using test::ScopedFolder;

std::size_t FilesIn(const std::string& folder) {
  const std::filesystem::directory_iterator files(folder);
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

TEST(ReplaceFileTest, WritesAndReplacesWithoutLeavingAnythingBeside) {
  const ScopedFolder folder;
  const std::string path = folder.File("return.json");
  ASSERT_TRUE(ReplaceFile(path, "old\n"));
  ASSERT_TRUE(ReplaceFile(path, std::string("n\0w\n", 4)));
  EXPECT_EQ(ReadFile(path), std::string("n\0w\n", 4));
  EXPECT_EQ(FilesIn(folder.File("")), 1U);
}

TEST(ReplaceFileTest, AReaderNeverSeesHalfAFile) {
  const ScopedFolder folder;
  const std::string path = folder.File("x");
  const std::string a(300'000, 'a');
  const std::string b(300'000, 'b');
  ASSERT_TRUE(ReplaceFile(path, a));
  std::thread writer([&] {
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(ReplaceFile(path, i % 2 ? a : b));
  });
  for (int i = 0; i < 100; ++i) {
    const std::string seen = ReadFile(path).value();
    EXPECT_TRUE(seen == a || seen == b) << seen.size();
  }
  writer.join();
}

TEST(ReplaceFileTest, AFailureLeavesTheOldFileAndNoOther) {
  const ScopedFolder folder;
  std::filesystem::create_directory(folder.File("taken"));
  ASSERT_TRUE(ReplaceFile(folder.File("taken/inside"), "x"));
  EXPECT_FALSE(ReplaceFile(folder.File("taken"), "bytes"));
  EXPECT_EQ(ReplaceFile(folder.File("absent/file"), "bytes").error(),
            std::errc::no_such_file_or_directory);
  EXPECT_EQ(ReadFile(folder.File("taken/inside")), "x");
  EXPECT_EQ(FilesIn(folder.File("")), 1U);
}

TEST(ReplaceFileTest, ALinkStaysOne) {
  const ScopedFolder folder;
  ASSERT_TRUE(ReplaceFile(folder.File("file"), "old"));
  std::filesystem::create_symlink("file", folder.File("link"));
  std::filesystem::create_symlink(folder.File("nothing yet"), folder.File("dangling"));
  std::filesystem::create_symlink("loop", folder.File("loop"));
  ASSERT_TRUE(ReplaceFile(folder.File("link"), "new"));
  ASSERT_TRUE(ReplaceFile(folder.File("dangling"), "made"));
  EXPECT_TRUE(std::filesystem::is_symlink(folder.File("link")));
  EXPECT_TRUE(std::filesystem::is_symlink(folder.File("dangling")));
  EXPECT_EQ(ReadFile(folder.File("file")), "new");
  EXPECT_EQ(ReadFile(folder.File("nothing yet")), "made");
  EXPECT_EQ(ReplaceFile(folder.File("loop"), "x").error(),
            std::errc::too_many_symbolic_link_levels);
  EXPECT_EQ(FilesIn(folder.File("")), 5U);
}

TEST(ReplaceFileTest, WhatIsNoFileIsWrittenTo) {
  const ScopedFolder folder;
  std::filesystem::create_symlink("/dev/full", folder.File("full"));
  EXPECT_EQ(ReplaceFile(folder.File("full"), "x").error(), std::errc::no_space_on_device);
  EXPECT_TRUE(ReplaceFile("/dev/null", "x"));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  const std::string pipe = folder.File("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(ReplaceFile(pipe, "x").error(), std::errc::no_such_device_or_address)
      << "there is no reader";
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  EXPECT_TRUE(ReplaceFile(pipe, "x"));
  char got = 0;
  EXPECT_EQ(::read(reader, &got, 1), 1);
  ::close(reader);
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));
}

TEST(WriteAllTest, WritesMoreThanAPipeHolds) {
  std::array<int, 2> pipe_ends;
  ASSERT_EQ(::pipe(pipe_ends.data()), 0);
  const std::string bytes(1'000'000, 'x');
  std::size_t got = 0;
  std::thread reader([&] {
    std::array<char, 8192> buffer;
    for (ssize_t n; (n = ::read(pipe_ends[0], buffer.data(), buffer.size())) > 0;) {
      got += static_cast<std::size_t>(n);
    }
  });
  EXPECT_TRUE(WriteAll(pipe_ends[1], bytes));
  ::close(pipe_ends[1]);
  reader.join();
  ::close(pipe_ends[0]);
  EXPECT_EQ(got, bytes.size());
}

// A parent that shares the pipe and does not wait itself leaves the descriptor like this.
TEST(WriteAllTest, WaitsForAReaderWhereTheDescriptorDoesNot) {
  std::array<int, 2> pipe_ends;
  ASSERT_EQ(::pipe2(pipe_ends.data(), O_NONBLOCK), 0);
  const std::string bytes(300'000, 'x');
  std::size_t got = 0;
  std::thread reader([&] {
    std::array<char, 8192> buffer;
    while (got < bytes.size()) {
      const auto n = ::read(pipe_ends[0], buffer.data(), buffer.size());
      if (n > 0) got += static_cast<std::size_t>(n);
    }
  });
  EXPECT_TRUE(WriteAll(pipe_ends[1], bytes));
  reader.join();
  for (const int end : pipe_ends) ::close(end);
}

TEST(WriteAllTest, GivesAPipeUpThatNobodyReads) {
  std::array<int, 2> pipe_ends;
  ASSERT_EQ(::pipe(pipe_ends.data()), 0);
  const std::string bytes(300'000, 'x');
  const auto may_write = [&] { return AwaitOutput(pipe_ends[1], std::chrono::milliseconds(1)); };
  EXPECT_EQ(WriteAll(pipe_ends[1], bytes, may_write).error(), std::errc::timed_out);
  for (const int end : pipe_ends) ::close(end);
}

TEST(WriteAllTest, SaysWhyItCannot) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  EXPECT_EQ(WriteAll(full, "x").error(), std::errc::no_space_on_device);
  ::close(full);
  EXPECT_TRUE(WriteAll(-1, "")) << "there is nothing to write";
}

TEST(ReadFileTest, ReadsAllAndNamesWhatIsMissing) {
  const ScopedFolder folder;
  const std::string large(200'001, 'y');
  ASSERT_TRUE(ReplaceFile(folder.File("large"), large));
  ASSERT_TRUE(ReplaceFile(folder.File("empty"), ""));
  EXPECT_EQ(ReadFile(folder.File("large")), large);
  EXPECT_EQ(ReadFile(folder.File("empty")), "");
  EXPECT_EQ(ReadFile(folder.File("absent")).error(), std::errc::no_such_file_or_directory);
  EXPECT_EQ(ReadFile(folder.File("")).error(), std::errc::is_a_directory);
  EXPECT_EQ(ReadFile("/dev/zero").error(), std::errc::file_too_large);
}

// Replaces stdin by a pipe that contains `text` and that stays open if `stays_open` is set.
class ScopedStdin {
 public:
  ScopedStdin(std::string_view text, bool stays_open) : before_(::dup(STDIN_FILENO)) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    EXPECT_TRUE(WriteAll(ends[1], text));
    EXPECT_EQ(::dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    ::close(ends[0]);
    writer_ = ends[1];
    if (!stays_open) Close();
  }
  ~ScopedStdin() {
    Close();
    ::dup2(before_, STDIN_FILENO);
    ::close(before_);
  }
  ScopedStdin(const ScopedStdin&) = delete;
  ScopedStdin& operator=(const ScopedStdin&) = delete;

 private:
  void Close() {
    if (writer_ >= 0) ::close(writer_);
    writer_ = -1;
  }
  int before_;
  int writer_ = -1;
};

TEST(ReadStdinTest, ReadsAllOfIt) {
  const test::TestRun run;
  const ScopedStdin input("some\nlines\n", false);
  EXPECT_EQ(ReadStdin(run.stop()), "some\nlines\n");
}

TEST(ReadStdinTest, APipeThatNobodyClosesEndsWithTheRun) {
  const ScopedStdin input("x", true);
  {
    const test::TestRun run(std::chrono::milliseconds(20));
    EXPECT_EQ(test::CodeOf([&] { ReadStdin(run.stop()); }), ExitCode::kTransient);
  }
  const test::TestRun run(std::chrono::hours(1));
  ASSERT_EQ(::kill(::getpid(), SIGTERM), 0);
  EXPECT_EQ(test::CodeOf([&] { ReadStdin(run.stop()); }), ExitCode::kTerminated);
}

}  // namespace
}  // namespace steamflow
