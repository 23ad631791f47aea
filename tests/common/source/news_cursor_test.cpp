#include "news_cursor.h"

#include <gmock/gmock.h>

#include "redis_test.h"

namespace steamflow {
namespace {

using test::CodeOf;
using test::RedisTest;

using NewsCursorTest = RedisTest;

constexpr char kRedisKey[] = "last_news_date:1623730";

TEST_F(NewsCursorTest, WithoutAStateEverythingIsNew) {
  NewsCursor cursor(1623730, &client_);
  EXPECT_FALSE(cursor.IsOld(0, "a"));
  EXPECT_FALSE(cursor.Advance()) << "nothing was seen";
  EXPECT_FALSE(server_.Get(kRedisKey));
  cursor.Saw(100, "a");
  cursor.Saw(90, "older");
  cursor.Saw(100, "b");
  const auto moved = cursor.Advance();
  ASSERT_TRUE(moved);
  EXPECT_TRUE(moved->advanced);
  EXPECT_FALSE(moved->from);
  EXPECT_EQ(moved->to, "100/a,b");
  EXPECT_EQ(server_.Get(kRedisKey), "100/a,b");
}

TEST_F(NewsCursorTest, KnowsTheGidsOfItsVerySecond) {
  server_.Set(kRedisKey, "100/a,b");
  const NewsCursor cursor(1623730, &client_);
  EXPECT_TRUE(cursor.IsOld(99, "unseen"));
  EXPECT_TRUE(cursor.IsOld(100, "a"));
  EXPECT_TRUE(cursor.IsOld(100, "b"));
  EXPECT_FALSE(cursor.IsOld(100, "c"));
  EXPECT_FALSE(cursor.IsOld(100, "ab"));
  EXPECT_FALSE(cursor.IsOld(101, "a"));
}

TEST_F(NewsCursorTest, KeepsTheGidsOfASecondThatGoesOn) {
  server_.Set(kRedisKey, "100/a");
  NewsCursor cursor(1623730, &client_);
  cursor.Saw(100, "b");
  EXPECT_EQ(cursor.Advance()->to, "100/a,b");
}

TEST_F(NewsCursorTest, DropsTheGidsOfASecondThatIsOver) {
  server_.Set(kRedisKey, "100/a");
  NewsCursor cursor(1623730, &client_);
  cursor.Saw(100, "b");
  cursor.Saw(101, "c");
  EXPECT_EQ(cursor.Advance()->to, "101/c");
}

TEST_F(NewsCursorTest, NothingNewMovesNothing) {
  server_.Set(kRedisKey, "100/b,a");  // in another order than it would write them
  NewsCursor cursor(1623730, &client_);
  EXPECT_FALSE(cursor.Advance());
  EXPECT_EQ(server_.Get(kRedisKey), "100/b,a");
}

TEST_F(NewsCursorTest, LosesARaceWithoutHarm) {
  server_.Set(kRedisKey, "100/a");
  NewsCursor cursor(1623730, &client_);
  server_.Set(kRedisKey, "200/z");
  cursor.Saw(150, "c");
  const auto moved = cursor.Advance();
  ASSERT_TRUE(moved);
  EXPECT_FALSE(moved->advanced);
  EXPECT_EQ(moved->to, "200/z");
  EXPECT_EQ(server_.Get(kRedisKey), "200/z");
}

TEST_F(NewsCursorTest, GarbageIsDataAndStays) {
  for (const char* held :
       {"", "/", "100", "100/", "/a", "-5/a", "x/a", "1.5/a", "100 /a", "99999999999999999999/a"}) {
    server_.Set(kRedisKey, held);
    std::string message;
    EXPECT_EQ(CodeOf([&] { NewsCursor(1623730, &client_); }, &message), ExitCode::kData) << held;
    EXPECT_THAT(message, testing::HasSubstr(kRedisKey));
    EXPECT_EQ(server_.Get(kRedisKey), held);
  }
}

TEST(NewsCursorWithoutRedisTest, RemembersNothing) {
  NewsCursor cursor(1623730, nullptr);
  cursor.Saw(100, "a");
  EXPECT_FALSE(cursor.IsOld(1, "a"));
  EXPECT_FALSE(cursor.Advance());
}

}  // namespace
}  // namespace steamflow
