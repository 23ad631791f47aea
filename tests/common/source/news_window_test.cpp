#include "news_window.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <limits>

#include "test_run.h"

namespace steamflow {
namespace {

using test::CodeOf;
using Fields = NewsWindow::Fields;

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kNow = 1'790'000'000;
constexpr char kOne[] = "0123456789ab";  // an edition
constexpr char kTwo[] = "ba9876543210";

NewsWindow Window(Fields kept, std::int64_t now = kNow) {
  return {"news_seen:7", std::move(kept), now};
}

std::string Value(const char* edition, std::int64_t date) {
  return fmt::format("{}/{}", edition, date);
}

TEST(NewsWindowTest, WithoutOneEverythingIsNew) {
  NewsWindow window = Window({});
  EXPECT_FALSE(window.exists());
  EXPECT_TRUE(window.IsNew("1", kOne, 0));
  EXPECT_FALSE(window.Moved()) << "nothing was added";
  window.Add("1", kOne, 100);
  EXPECT_EQ(window.Moved(), (Fields{{"since", "0"}, {"1", Value(kOne, 100)}}));
}

TEST(NewsWindowTest, AnotherEditionAndALateItemAreNew) {
  NewsWindow window = Window({{"since", "50"}, {"1", Value(kOne, 100)}});
  EXPECT_TRUE(window.exists());
  EXPECT_FALSE(window.IsNew("1", kOne, 100));
  EXPECT_TRUE(window.IsNew("1", kTwo, 100));
  EXPECT_TRUE(window.IsNew("1", kTwo, 10)) << "the item was edited and dated back";
  EXPECT_TRUE(window.IsNew("2", kOne, 50));
  EXPECT_FALSE(window.IsNew("2", kOne, 49));
  EXPECT_TRUE(window.IsNew("letter:0", kOne, std::nullopt));
  window.Add("1", kTwo, 120);
  EXPECT_EQ(window.Moved(), (Fields{{"since", "50"}, {"1", Value(kTwo, 120)}}));
}

TEST(NewsWindowTest, NothingLiesBeyondTheClock) {
  for (const std::int64_t date :
       {kNow + 1, kNow * 1000, std::numeric_limits<std::int64_t>::max()}) {
    NewsWindow window = Window({});
    window.Add("1", kOne, date);
    EXPECT_EQ(window.Moved()->at("1"), Value(kOne, kNow));
    EXPECT_EQ(NewestOf(*window.Moved()), fmt::to_string(kNow));
    window.BeginAt(date);
    EXPECT_EQ(window.Moved()->at("since"), fmt::to_string(kNow));
  }
}

TEST(NewsWindowTest, KeepsThirtyDaysAndTheNewestTwoHundred) {
  NewsWindow busy = Window({});  // gets ten items a day for 40 days
  for (std::int64_t i = 0; i < 400; ++i) {
    busy.Add(fmt::to_string(i), kOne, kNow - i * kDay / 10);
  }
  EXPECT_EQ(busy.Moved()->at("since"), fmt::to_string(kNow - 30 * kDay));

  NewsWindow calm = Window({});  // gets one item a day
  for (std::int64_t i = 0; i < 400; ++i) calm.Add(fmt::to_string(i), kOne, kNow - i * kDay);
  EXPECT_EQ(calm.Moved()->at("since"), fmt::to_string(kNow - 199 * kDay));

  NewsWindow few = Window({});
  for (std::int64_t i = 0; i < 199; ++i) few.Add(fmt::to_string(i), kOne, kNow - i * kDay);
  EXPECT_EQ(few.Moved()->at("since"), "0");
}

TEST(NewsWindowTest, PrunesWhatTheFeedNoLongerShowsInIt) {
  Fields kept{{"since", "0"}};
  for (std::int64_t i = 0; i < 250; ++i) kept[fmt::to_string(i)] = Value(kOne, kNow - i * kDay);
  kept["milliseconds"] = Value(kOne, kNow - 240 * kDay);
  NewsWindow window = Window(kept);
  window.Keep("milliseconds", kNow * 1000);  // otherwise it would count as new again
  window.Keep("245", kNow - 245 * kDay);
  window.Add("new", kOne, kNow);
  const Fields moved = *window.Moved();
  EXPECT_EQ(moved.at("since"), fmt::to_string(kNow - 198 * kDay));
  EXPECT_TRUE(moved.contains("198"));
  EXPECT_FALSE(moved.contains("199"));
  EXPECT_FALSE(moved.contains("245"));
  EXPECT_TRUE(moved.contains("milliseconds"));
}

TEST(NewsWindowTest, OneThatAWrongClockHasBegunIsRefused) {
  std::string message;
  EXPECT_EQ(test::CodeOf(
                [] {
                  Window({{"since", fmt::to_string(kNow + 2 * kDay)}});
                },
                &message),
            ExitCode::kData);
  EXPECT_NE(message.find("ahead of the clock"), std::string::npos) << message;
  Window({{"since", fmt::to_string(kNow + kDay)}});
}

// Found by the model test: a page that reaches farther back than the window shows a broken item
// again.
TEST(NewsWindowTest, KeepsTheNewestDeadLettersWhereverItBegins) {
  Fields kept{{"since", "0"}};
  for (std::int64_t i = 0; i < 250; ++i) kept[fmt::to_string(i)] = Value(kOne, kNow - i * kDay);
  for (std::int64_t i = 0; i < 250; ++i) {
    kept[fmt::format("letter:{}", i)] = Value(kOne, kNow - (300 + i) * kDay);
  }
  NewsWindow window = Window(kept);
  window.Keep("letter:240", std::nullopt);  // the feed still shows it
  window.Add("new", kOne, kNow);
  const Fields moved = *window.Moved();
  EXPECT_TRUE(moved.contains("letter:199"));
  EXPECT_FALSE(moved.contains("letter:200"));
  EXPECT_TRUE(moved.contains("letter:240"));
}

TEST(NewsWindowTest, AClockThatIsWrongMovesNothingBack) {
  Fields kept{{"since", fmt::to_string(kNow - 40 * kDay)}};
  for (std::int64_t i = 0; i < 300; ++i) {
    kept[fmt::to_string(i)] = Value(kOne, kNow - i * kDay / 10);
  }
  for (const std::int64_t now : {std::int64_t{-5}, std::int64_t{0}, kNow - 400 * kDay}) {
    EXPECT_EQ(test::CodeOf([&] { Window(kept, now); }), ExitCode::kData) << now;
  }
  for (const std::int64_t now : {kNow - 41 * kDay, kNow * 2}) {
    NewsWindow window = Window(kept, now);
    window.Add("new", kOne, kNow + 5);
    const Fields moved = *window.Moved();
    EXPECT_GE(*NewestOf(moved), fmt::to_string(kNow)) << now;
    const std::int64_t since = std::stoll(moved.at("since"));
    EXPECT_GE(since, kNow - 40 * kDay) << now;
    EXPECT_LE(since, kNow - 29 * kDay) << now;
    EXPECT_TRUE(moved.contains("new")) << now;
  }
}

TEST(NewsWindowTest, GarbageIsDataAndNamesTheKey) {
  const std::vector<Fields> garbage{
      {{"1", Value(kOne, 5)}},
      {{"since", ""}},
      {{"since", "-1"}},
      {{"since", "1.5"}},
      {{"since", "99999999999999999999"}},
      {{"since", "5"}, {"1", "5"}},
      {{"since", "5"}, {"1", "0123456789AB/5"}},
      {{"since", "5"}, {"1", "0123456789ab"}},
      {{"since", "5"}, {"1", "0123456789ab/"}},
      {{"since", "5"}, {"1", "0123456789ab/x"}},
      {{"since", "5"}, {"1 2", Value(kOne, 5)}},
      {{"since", "5"}, {"", Value(kOne, 5)}},
  };
  for (const Fields& fields : garbage) {
    std::string message;
    EXPECT_EQ(CodeOf([&] { Window(fields); }, &message), ExitCode::kData)
        << testing::PrintToString(fields);
    EXPECT_THAT(message, testing::HasSubstr("news_seen:7"));
  }
}

// Uses a store in memory. The next `lost` responses of the store are lost.
class MoveNewsWindowTest : public testing::Test {
 protected:
  NewsWindowStore Store() {
    return {.read = [this] { return kept_; },
            .replace =
                [this](const Fields& from, const Fields& to) {
                  const bool holds = kept_ == from;
                  if (holds) kept_ = to;
                  if (lost_-- > 0) throw TaskError(ExitCode::kTransient, "no response");
                  return holds;
                }};
  }

  Fields kept_;
  int lost_ = 0;
};

TEST_F(MoveNewsWindowTest, MakesUpForALostResponse) {
  NewsWindow window = Window({});
  window.Add("1", kOne, 100);
  window.Add("2", kOne, 90);
  lost_ = 1;
  const auto moved = MoveNewsWindow(Store(), window);
  ASSERT_TRUE(moved);
  EXPECT_TRUE(moved->advanced);
  EXPECT_FALSE(moved->from);
  EXPECT_EQ(moved->to, "100");
  EXPECT_EQ(kept_.size(), 3U);
  lost_ = 3;
  EXPECT_EQ(CodeOf([&] { MoveNewsWindow(Store(), window); }), ExitCode::kTransient);
}

TEST_F(MoveNewsWindowTest, LosesARaceWithoutHarm) {
  const Fields read{{"since", "0"}, {"1", Value(kOne, 100)}};
  for (const Fields& meanwhile :
       {Fields{{"since", "0"}, {"1", Value(kOne, 100)}, {"3", Value(kOne, 130)}},
        Fields{{"since", "0"}, {"1", Value(kTwo, 130)}},
        Fields{{"since", "1"}, {"1", Value(kOne, 130)}}, Fields{}}) {
    kept_ = meanwhile;
    NewsWindow window = Window(read);
    window.Add("2", kOne, 120);
    const auto moved = MoveNewsWindow(Store(), window);
    EXPECT_EQ(kept_, meanwhile);
    ASSERT_EQ(moved.has_value(), !meanwhile.empty());
    if (!moved) continue;
    EXPECT_FALSE(moved->advanced);
    EXPECT_EQ(moved->from, "100");
    EXPECT_EQ(moved->to, "130");
  }
}

TEST_F(MoveNewsWindowTest, DeadLettersAloneAreNoCursor) {
  NewsWindow window = Window({});
  window.Add("letter:0", kOne, std::nullopt);
  EXPECT_FALSE(MoveNewsWindow(Store(), window));
  EXPECT_EQ(kept_.size(), 2U);
}

TEST(NewsWindowKeyTest, AnotherTopicHasItsOwn) {
  EXPECT_EQ(NewsWindowKey(440, "steam_news"), "news_seen:440");
  EXPECT_EQ(NewsWindowKey(440, "trial"), "news_seen:440@trial");
}

}  // namespace
}  // namespace steamflow
