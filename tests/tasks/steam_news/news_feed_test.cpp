#include "news_feed.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <limits>

namespace steamflow {
namespace {

using steam_api::News;
using steam_api::NewsItem;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::int64_t kNow = 1'790'000'000;

NewsItem Item(const std::string& gid, std::int64_t date,
              const std::string& edition = "0123456789ab") {
  return {.gid = gid, .date = date, .edition = edition, .json = {}, .record = "{}", .fault = ""};
}

NewsItem Broken(std::string_view json) {
  NewsItem item;
  item.json = json;
  item.fault = "no date";
  return item;
}

// Returns `count` items that are `apart` seconds apart.
std::vector<NewsItem> Items(std::int64_t count, std::int64_t apart, std::int64_t newest = kNow) {
  std::vector<NewsItem> items;
  for (std::int64_t i = 0; i < count; ++i) {
    items.push_back(Item(fmt::format("{}-{}", newest, i), newest - i * apart));
  }
  return items;
}

std::vector<NewsItem> Together(std::vector<NewsItem> items, const std::vector<NewsItem>& more) {
  items.insert(items.end(), more.begin(), more.end());
  return items;
}

// How a server pages: whether `enddate` includes its own second or is ignored, and the largest
// page.
struct Server {
  bool includes_second = true;
  bool hears_enddate = true;
  std::size_t largest_page = 1'000'000;
  std::uint64_t total = 0;
  std::vector<NewsItem> items = {};  // newest first

  News Page(std::size_t count, std::int64_t enddate) const {
    News page{.is_known = true, .total = total, .items = {}};
    for (const NewsItem& item : items) {
      if (page.items.size() == std::min(count, largest_page)) break;
      const bool is_later = item.date > enddate || (item.date == enddate && !includes_second);
      if (hears_enddate && enddate > 0 && is_later) continue;
      page.items.push_back(item);
    }
    return page;
  }
};

struct Delivered {
  std::vector<std::string> gids;
  NewsWindow::Fields window;  // the window after the run
  int pages = 0;
  bool has_left_out = false;
  bool is_out_of_order = false;
  bool has_unreachable = false;
};

Delivered RunOnce(const Server& server, NewsWindow::Fields window = {},
                  std::uint64_t max_items = 100'000) {
  NewsFeed feed(NewsWindow("news_seen:7", window, kNow), max_items);
  Delivered delivered;
  while (!feed.is_over()) {
    if (++delivered.pages > 1000) {
      ADD_FAILURE() << "the paging does not end";
      break;
    }
    const News page = server.Page(feed.count(), feed.enddate());
    for (const NewsItem* item : feed.Take(page)) delivered.gids.push_back(item->gid);
  }
  delivered.window = feed.window().Moved().value_or(window);
  delivered.has_left_out = feed.has_left_out();
  delivered.is_out_of_order = feed.is_out_of_order();
  delivered.has_unreachable = feed.has_unreachable();
  return delivered;
}

std::vector<std::string> GidsOf(const std::vector<NewsItem>& items) {
  std::vector<std::string> gids;
  for (const NewsItem& item : items) gids.push_back(item.gid);
  return gids;
}

TEST(NewsFeedTest, EachItemComesOnceHoweverTheServerPages) {
  const std::vector<std::vector<NewsItem>> feeds{
      Items(0, 1),
      Items(1, 1),
      Items(99, 1),
      Items(100, 1),
      Items(101, 1),
      Items(250, 1),
      Items(100, 0),
      Items(250, 0),
      Together(Items(1, 1, kNow + 1), Together(Items(99, 0), Items(120, 1, kNow - 1))),
      Together(Items(250, 0), Items(250, 3600, kNow - 5)),
      Together(Items(150, 1, kNow * 1000), Items(150, 1)),  // dates in milliseconds
  };
  for (const auto& items : feeds) {
    for (const bool includes_second : {true, false}) {
      const Server server{.includes_second = includes_second, .items = items};
      const Delivered first = RunOnce(server);
      EXPECT_EQ(first.gids, GidsOf(items)) << items.size() << " " << includes_second;
      EXPECT_FALSE(first.has_left_out);
      EXPECT_THAT(RunOnce(server, first.window).gids, IsEmpty());
    }
  }
}

TEST(NewsFeedTest, AServerThatGivesNoLargerPageHoldsNothing) {
  for (const bool includes_second : {true, false}) {
    Server server{
        .includes_second = includes_second,
        .largest_page = 100,
        .items = Together(Items(1, 1, kNow + 1), Together(Items(99, 0), Items(120, 1, kNow - 1)))};
    EXPECT_EQ(RunOnce(server).gids, GidsOf(server.items));
    // If a second has more items than fit into a page, the rest of them cannot be read.
    server.items = Together(Items(150, 0), Items(120, 2, kNow - 2));
    const Delivered rest = RunOnce(server);
    EXPECT_THAT(rest.gids, SizeIs(220));
    EXPECT_TRUE(rest.has_unreachable);
  }
}

TEST(NewsFeedTest, AServerThatGivesLessThanItIsAskedForHidesNothing) {
  Server server{.largest_page = 20, .total = 250, .items = Items(250, 1)};
  const Delivered first = RunOnce(server);
  EXPECT_EQ(first.gids, GidsOf(server.items));
  EXPECT_THAT(RunOnce(server, first.window).gids, IsEmpty());
  server.total = 1000;  // counts items that it never shows
  EXPECT_EQ(RunOnce(server).gids, GidsOf(server.items));
}

TEST(NewsFeedTest, MoreItemsInASecondThanInAPageHideNoEarlierOnes) {
  const Server server{
      .largest_page = 20, .total = 80, .items = Together(Items(50, 0), Items(30, 1, kNow - 100))};
  const Delivered run = RunOnce(server);
  EXPECT_THAT(run.gids, SizeIs(20 + 30));
  EXPECT_TRUE(run.has_unreachable);
}

TEST(NewsFeedTest, AFeedThatIsNotNewestFirstIsTakenWhole) {
  Server server{.items = Items(250, 10)};
  std::reverse(server.items.begin(), server.items.end());
  const Delivered first = RunOnce(server);
  EXPECT_EQ(first.gids, GidsOf(server.items));
  EXPECT_FALSE(first.is_out_of_order);
  server.total = 250;
  EXPECT_FALSE(RunOnce(server).is_out_of_order);
  for (const std::size_t largest_page : {50U, 100U, 150U}) {
    server.largest_page = largest_page;
    EXPECT_TRUE(RunOnce(server).is_out_of_order) << largest_page;
  }
}

TEST(NewsFeedTest, EndsWhereTheServerHearsNoEnddate) {
  Server server{.hears_enddate = false, .largest_page = 100, .items = Items(300, 1)};
  EXPECT_THAT(RunOnce(server).gids, SizeIs(100));
  server.largest_page = 1'000'000;
  EXPECT_THAT(RunOnce(server).gids, SizeIs(300));
}

TEST(NewsFeedTest, ALateItemIsDelivered) {
  Server server{.items = Items(1, 1)};
  const Delivered first = RunOnce(server);
  server.items.push_back(Item("late", kNow - 3 * 3600));
  const Delivered second = RunOnce(server, first.window);
  EXPECT_EQ(second.gids, std::vector<std::string>{"late"});
  server.items.push_back(Item("very-late", 5));
  EXPECT_EQ(RunOnce(server, second.window).gids, std::vector<std::string>{"very-late"});
}

TEST(NewsFeedTest, AnEditedItemIsDeliveredAgainAndOnce) {
  Server server{.items = Items(3, 10)};
  Delivered run = RunOnce(server);
  server.items[2].edition = "ba9876543210";
  server.items[2].date = kNow + 1;
  std::rotate(server.items.begin(), server.items.begin() + 2, server.items.end());
  run = RunOnce(server, run.window);
  EXPECT_EQ(run.gids, std::vector<std::string>{server.items[0].gid});
  EXPECT_THAT(RunOnce(server, run.window).gids, IsEmpty());
}

TEST(NewsFeedTest, ADateInMillisecondsHoldsNothing) {
  Server server{.items = Items(2, 10, kNow - 100)};
  Delivered run = RunOnce(server);
  server.items.insert(server.items.begin(), Item("ms", kNow * 1000));
  run = RunOnce(server, run.window);
  EXPECT_EQ(run.gids, std::vector<std::string>{"ms"});
  server.items.insert(server.items.begin() + 1, Item("later", kNow - 50));
  run = RunOnce(server, run.window);
  EXPECT_EQ(run.gids, std::vector<std::string>{"later"});
  EXPECT_THAT(RunOnce(server, run.window).gids, IsEmpty());
}

TEST(NewsFeedTest, TheFirstRunTakesTheNewestAndTheWindowBeginsThere) {
  Server server{.items = Items(30, 10)};
  const Delivered first = RunOnce(server, {}, 10);
  EXPECT_THAT(first.gids, SizeIs(10));
  EXPECT_TRUE(first.has_left_out);
  EXPECT_EQ(first.window.at("since"), fmt::to_string(kNow - 90));
  EXPECT_THAT(RunOnce(server, first.window, 10).gids, IsEmpty());
  server.items.insert(server.items.begin() + 5, Item("late", kNow - 45));
  for (const NewsItem& item : Items(20, 1, kNow + 20)) {
    server.items.insert(server.items.begin(), item);
  }
  const Delivered second = RunOnce(server, first.window, 10);
  EXPECT_THAT(second.gids, SizeIs(21)) << "later runs do not have this limit";
  EXPECT_FALSE(second.has_left_out);
}

TEST(NewsFeedTest, ASecondThatTheLimitCutsThroughIsGoneOnWith) {
  Server server{.items = Together(Items(5, 1), Items(10, 0, kNow - 5))};
  const Delivered first = RunOnce(server, {}, 8);
  EXPECT_THAT(first.gids, SizeIs(8));
  EXPECT_EQ(first.window.at("since"), fmt::to_string(kNow - 5));
  server.items[6].edition = "fedcba987654";
  const Delivered second = RunOnce(server, first.window, 8);
  EXPECT_THAT(second.gids, SizeIs(1 + 7)) << "the edited item and the items that were left out";
  EXPECT_THAT(RunOnce(server, second.window, 8).gids, IsEmpty());
}

TEST(NewsFeedTest, AsksNoFurtherThanTheWindow) {
  const Server server{.items = Items(1000, 86'400)};
  const Delivered first = RunOnce(server);
  EXPECT_THAT(first.gids, SizeIs(1000));
  EXPECT_THAT(first.window, SizeIs(201));
  const Delivered second = RunOnce(server, first.window);
  EXPECT_THAT(second.gids, IsEmpty());
  EXPECT_EQ(second.pages, 3);
}

TEST(NewsFeedTest, AnOldItemOnTopHidesNothing) {
  Server server{.items = Together(Items(1, 1, 1'000'000), Items(250, 1))};  // the first is pinned
  NewsWindow::Fields window{{"since", fmt::to_string(kNow - 200)}};
  EXPECT_THAT(RunOnce(server, window).gids, SizeIs(201));
}

TEST(NewsFeedTest, ABrokenItemIsTakenOnceForEver) {
  Server server{.items = Items(150, 1)};
  server.items.insert(server.items.begin() + 3, Broken(R"({"title":"a"})"));
  server.items.insert(server.items.begin() + 120, Broken(R"({"title":"b"})"));
  Delivered run = RunOnce(server);
  EXPECT_THAT(run.gids, SizeIs(152));
  EXPECT_EQ(std::count(run.gids.begin(), run.gids.end(), ""), 2);
  EXPECT_THAT(RunOnce(server, run.window).gids, IsEmpty());
  // The pinned item stays even after everything else has left the window.
  for (const NewsItem& item : Items(400, 1, kNow + 90 * 86'400)) {
    server.items.insert(server.items.begin(), item);
  }
  run = RunOnce(server, run.window);
  EXPECT_EQ(std::count(run.gids.begin(), run.gids.end(), ""), 0);
  EXPECT_THAT(RunOnce(server, run.window).gids, IsEmpty());
}

TEST(NewsFeedTest, APageOfBrokenItemsHidesNothing) {
  std::vector<std::string> texts;
  for (int i = 0; i < 230; ++i) texts.push_back(fmt::to_string(i));
  Server server;
  for (const std::string& text : texts) server.items.push_back(Broken(text));
  server.items = Together(server.items, Items(3, 1));
  EXPECT_THAT(RunOnce(server).gids, SizeIs(233));
}

TEST(NewsFeedTest, AGidCanHaveTheNameOfTheBeginning) {
  const Server server{.items = {Item("since", kNow)}};
  const Delivered run = RunOnce(server);
  EXPECT_EQ(run.gids, std::vector<std::string>{"since"});
  EXPECT_EQ(run.window.at("since"), "0");
  EXPECT_THAT(RunOnce(server, run.window).gids, IsEmpty());
}

TEST(NewsFeedTest, KnowsTheBrokenThatAreLettersAlready) {
  NewsFeed feed(NewsWindow("news_seen:7", {}, kNow), 10);
  News page{.is_known = true, .items = {Item("1", kNow)}};
  EXPECT_TRUE(feed.KnowsTheBroken(page));
  page.items.push_back(Broken("x"));
  EXPECT_FALSE(feed.KnowsTheBroken(page));
  feed.Take(page);
  EXPECT_TRUE(feed.KnowsTheBroken(page));
}

}  // namespace
}  // namespace steamflow
