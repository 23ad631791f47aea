#include "value_arena.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>

namespace steamflow {
namespace {

TEST(ValueArenaTest, ValuesStayUntilTheyAreReleased) {
  std::mt19937 random(8);
  ValueArena arena;
  std::deque<std::pair<char*, std::string>> live;
  const auto release_one = [&] {
    // Releases mostly the oldest value, in the order of acknowledgements, but not always.
    const std::size_t at = random() % 4 ? 0 : random() % live.size();
    const auto [copy, value] = live[at];
    ASSERT_EQ(std::string_view(copy, value.size()), value);
    arena.Release(copy);
    live.erase(live.begin() + static_cast<std::ptrdiff_t>(at));
  };
  for (int round = 0; round < 20'000; ++round) {
    const std::size_t sizes[] = {0, 1, random() % 1'000, random() % 100'000};
    const std::string value(sizes[random() % 4], static_cast<char>('a' + round % 26));
    char* const copy = arena.Copy(value);
    ASSERT_NE(copy, nullptr);
    live.emplace_back(copy, value);
    if (live.size() <= 50) continue;
    ASSERT_NO_FATAL_FAILURE(release_one());
  }
  while (!live.empty()) ASSERT_NO_FATAL_FAILURE(release_one());
}

TEST(ValueArenaTest, TellsWhatIsTooLargeForIt) {
  ValueArena arena;
  EXPECT_EQ(arena.Copy(std::string(1U << 20U, 'x')), nullptr);
  char* const copy = arena.Copy("small");
  EXPECT_EQ(std::string_view(copy, 5), "small");
  arena.Release(copy);
}

// The address of an empty value after a full slab must not belong to the memory behind the slab.
TEST(ValueArenaTest, AnEmptyValueBehindAFullSlab) {
  ValueArena arena;
  // Finds the largest value that fits, which fills a slab to its last byte.
  std::size_t fits = 0;
  for (std::size_t step = 1U << 20U; step > 0; step /= 2) {
    char* const copy = arena.Copy(std::string(fits + step, 'x'));
    if (!copy) continue;
    fits += step;
    arena.Release(copy);
  }
  ASSERT_NE(arena.Copy(std::string(fits, 'x')), nullptr);
  char* const empty = arena.Copy("");
  char* const next = arena.Copy("next");
  arena.Release(empty);
  EXPECT_EQ(std::string_view(next, 4), "next");
  arena.Release(next);
  char* const again = arena.Copy("again");
  EXPECT_EQ(std::string_view(again, 5), "again");
}

}  // namespace
}  // namespace steamflow
