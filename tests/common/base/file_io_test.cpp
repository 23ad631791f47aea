#include "file_io.h"

#include <fcntl.h>
#include <gtest/gtest.h>
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
  ReplaceFile(path, "old\n");
  ReplaceFile(path, std::string("n\0w\n", 4));
  EXPECT_EQ(ReadFile(path), std::string("n\0w\n", 4));
  EXPECT_EQ(FilesIn(folder.File("")), 1U);
}

TEST(ReplaceFileTest, AReaderNeverSeesHalfAFile) {
  const ScopedFolder folder;
  const std::string path = folder.File("x");
  const std::string a(300'000, 'a');
  const std::string b(300'000, 'b');
  ReplaceFile(path, a);
  std::thread writer([&] {
    for (int i = 0; i < 50; ++i) ReplaceFile(path, i % 2 ? a : b);
  });
  for (int i = 0; i < 100; ++i) {
    const std::string seen = ReadFile(path);
    EXPECT_TRUE(seen == a || seen == b) << seen.size();
  }
  writer.join();
}

TEST(ReplaceFileTest, AFailureLeavesTheOldFileAndNoOther) {
  const ScopedFolder folder;
  std::filesystem::create_directory(folder.File("taken"));
  ReplaceFile(folder.File("taken/inside"), "x");
  EXPECT_THROW(ReplaceFile(folder.File("taken"), "bytes"), std::system_error);
  EXPECT_THROW(ReplaceFile(folder.File("absent/file"), "bytes"), std::system_error);
  EXPECT_EQ(ReadFile(folder.File("taken/inside")), "x");
  EXPECT_EQ(FilesIn(folder.File("")), 1U);
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
  WriteAll(pipe_ends[1], bytes);
  ::close(pipe_ends[1]);
  reader.join();
  ::close(pipe_ends[0]);
  EXPECT_EQ(got, bytes.size());
}

TEST(WriteAllTest, SaysWhyItCannot) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  try {
    WriteAll(full, "x");
    ADD_FAILURE() << "written to a full device";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), ENOSPC);
  }
  ::close(full);
  WriteAll(-1, "");  // nothing to write
}

TEST(ReadFileTest, ReadsAllAndNamesWhatIsMissing) {
  const ScopedFolder folder;
  const std::string large(200'001, 'y');
  ReplaceFile(folder.File("large"), large);
  ReplaceFile(folder.File("empty"), "");
  EXPECT_EQ(ReadFile(folder.File("large")), large);
  EXPECT_EQ(ReadFile(folder.File("empty")), "");
  EXPECT_THROW(ReadFile(folder.File("absent")), std::system_error);
  EXPECT_THROW(ReadFile(folder.File("")), std::system_error);
}

}  // namespace
}  // namespace steamflow
