#include "shard.h"

#include <gtest/gtest.h>

namespace steamflow {
namespace {

TEST(ShardTest, IsOneOfSoMany) {
  const auto shard = ParseShard("2/12");
  ASSERT_TRUE(shard);
  EXPECT_EQ(shard->index, 2u);
  EXPECT_EQ(shard->count, 12u);
  EXPECT_TRUE(shard->is_sharded);
  EXPECT_TRUE(ParseShard("0/1")->is_sharded);
  EXPECT_EQ(CheckShard("0/10000"), "");
}

TEST(ShardTest, AnythingElseIsRefused) {
  for (const char* text : {"", "1", "/", "1/", "/2", "2/2", "-1/2", "+1/2", "1/2/3", "a/b", "0/0",
                           " 0/2", "0/10001", "0/18446744073709551616"}) {
    EXPECT_FALSE(ParseShard(text)) << text;
    EXPECT_NE(CheckShard(text), "") << text;
  }
}

}  // namespace
}  // namespace steamflow
