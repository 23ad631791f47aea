#include "parse_number.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace steamflow {
namespace {

TEST(ParseNumberTest, TakesAllThatTheTypeHolds) {
  EXPECT_EQ(ParseNumber<int>("0"), 0);
  EXPECT_EQ(ParseNumber<int>("-2147483648"), std::numeric_limits<int>::min());
  EXPECT_EQ(ParseNumber<int>("007"), 7);
  EXPECT_EQ(ParseNumber<std::uint64_t>("18446744073709551615"),
            std::numeric_limits<std::uint64_t>::max());
}

TEST(ParseNumberTest, TakesNothingElse) {
  for (const std::string text : {"", "-", " 1", "1 ", "+1", "1.0", "1e3", "0x1", "one", "--1"}) {
    EXPECT_FALSE(ParseNumber<int>(text)) << text;
  }
  EXPECT_FALSE(ParseNumber<int>(std::string("1\0", 2)));
  EXPECT_FALSE(ParseNumber<int>("2147483648"));
  EXPECT_FALSE(ParseNumber<std::uint32_t>("4294967296"));
  EXPECT_FALSE(ParseNumber<std::uint64_t>("-1")) << "it must not become the largest number either";
}

}  // namespace
}  // namespace steamflow
