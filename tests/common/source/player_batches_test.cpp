#include "player_batches.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "steam_urls.h"
#include "test_run.h"

namespace steamflow {
namespace {

using steam_api::kLowestId;
using test::TestRun;

constexpr std::uint64_t kStart = kLowestId + 999;

// A block of ids. The test itself responds to the calls.
class PlayerBatchesTest : public testing::Test {
 protected:
  void Begin(std::uint64_t count) {
    WalkOptions options{.cursor_key = "c", .start_id = kStart, .count = count, .no_cursor = true};
    walk_.emplace(options, std::nullopt, "players", test_.run(), nullptr, false, Now());
    batches_.emplace(*walk_, "http://api", parser_,
                     [this](const PlayerBatches::Response& response) {
                       for (std::size_t i = 0; i < response.players.size(); ++i) {
                         outcomes_[response.item + i] = response.players[i] ? "found" : "absent";
                       }
                       without_id_ += response.without_id.size();
                     });
  }

  // Returns a response with the player objects of these items, and with `more` after them.
  static HttpResponse Response(const std::vector<std::uint64_t>& items,
                               const std::string& more = "") {
    std::vector<std::string> players;
    for (const std::uint64_t item : items) {
      players.push_back(fmt::format(R"({{"steamid":"{}"}})", kStart - item));
    }
    if (!more.empty()) players.push_back(more);
    HttpResponse response;
    response.body = fmt::format(R"({{"response":{{"players":[{}]}}}})", fmt::join(players, ","));
    return response;
  }

  static std::size_t IdsIn(const Fetch& fetch) {
    return static_cast<std::size_t>(std::count(fetch.url.begin(), fetch.url.end(), ',')) + 1;
  }

  std::size_t Respond(const std::set<std::uint64_t>& broken, bool is_outage);

  TestRun test_;
  steam_api::Parser parser_;
  std::optional<Walk> walk_;
  std::optional<PlayerBatches> batches_;
  std::map<std::uint64_t, std::string> outcomes_;
  std::size_t without_id_ = 0;
};

TEST_F(PlayerBatchesTest, AsksForAHundredIdsACallAndForEachIdOnce) {
  Begin(250);
  std::vector<std::size_t> sizes;
  std::vector<std::size_t> ahead;
  std::string urls;
  while (auto fetch = batches_->Next()) {
    sizes.push_back(IdsIn(*fetch));
    ahead.push_back(fetch->keyed_calls);
    urls += fetch->url;
  }
  EXPECT_THAT(sizes, testing::ElementsAre(100, 100, 50));
  EXPECT_THAT(ahead, testing::ElementsAre(3, 2, 1))
      << "the numbers of calls that the budget may reserve";
  for (std::uint64_t item = 0; item < 250; ++item) {
    const std::string id = fmt::to_string(kStart - item);
    EXPECT_EQ(urls.find(id), urls.rfind(id));
    EXPECT_NE(urls.find(id), std::string::npos);
  }
}

TEST_F(PlayerBatchesTest, MatchesAnswersToItemsWhateverTheirOrder) {
  Begin(5);
  auto fetch = batches_->Next();
  HttpResponse response = Response({3, 0}, "{}");
  ASSERT_TRUE(fetch->accept(response));
  EXPECT_EQ(outcomes_,
            (std::map<std::uint64_t, std::string>{
                {0, "found"}, {1, "absent"}, {2, "absent"}, {3, "found"}, {4, "absent"}}));
  EXPECT_EQ(batches_->TakeCalls().succeeded, 1U);
}

TEST_F(PlayerBatchesTest, TakesNobodyWhoWasNotAskedFor) {
  Begin(150);
  auto first = batches_->Next();
  auto second = batches_->Next();
  HttpResponse response = Response({0, 100, 149});  // two belong to the other batch
  ASSERT_TRUE(first->accept(response));
  EXPECT_EQ(outcomes_.size(), 100U);
  EXPECT_EQ(outcomes_[0], "found");
  response = Response({149}, fmt::format(R"({{"steamid":"{}"}})", kStart + 1));
  ASSERT_TRUE(second->accept(response));
  EXPECT_EQ(outcomes_.size(), 150U);
  EXPECT_EQ(outcomes_[100], "absent");
  EXPECT_EQ(outcomes_[149], "found");
}

TEST_F(PlayerBatchesTest, TheResponseToAnotherRequestIsNoResponse) {
  Begin(150);
  auto first = batches_->Next();
  HttpResponse response = Response({120, 149});
  EXPECT_FALSE(first->accept(response));
  response = Response({}, fmt::format(R"({{"steamid":"{}"}})", kStart + 1));
  EXPECT_FALSE(first->accept(response));
  EXPECT_TRUE(outcomes_.empty());
  response = Response({});
  EXPECT_TRUE(first->accept(response)) << "no account exists";
  EXPECT_EQ(outcomes_.size(), 100U);
}

TEST_F(PlayerBatchesTest, HandsOnObjectsWithoutAnId) {
  Begin(2);
  auto fetch = batches_->Next();
  HttpResponse response = Response({0}, R"({"personaname":"nobody"})");
  ASSERT_TRUE(fetch->accept(response));
  EXPECT_EQ(without_id_, 1U);
}

TEST_F(PlayerBatchesTest, ABrokenBodyIsNoAnswer) {
  Begin(2);
  auto fetch = batches_->Next();
  HttpResponse response = Response({0, 1});
  response.body.pop_back();
  EXPECT_FALSE(fetch->accept(response));
  EXPECT_TRUE(outcomes_.empty());
  response = Response({0, 1});
  EXPECT_TRUE(fetch->accept(response)) << "the same call is retried";
  EXPECT_EQ(batches_->TakeCalls().succeeded, 1U);
}

// Responds to all calls, one after the other. A call that contains a broken id fails, and in an
// outage every call fails. Returns the number of calls.
std::size_t PlayerBatchesTest::Respond(const std::set<std::uint64_t>& broken, bool is_outage) {
  std::size_t calls = 0;
  while (auto fetch = batches_->Next()) {
    ++calls;
    const bool fails = std::any_of(broken.begin(), broken.end(), [&](std::uint64_t item) {
      return fetch->url.find(fmt::to_string(kStart - item)) != std::string::npos;
    });
    if (fails || is_outage) {
      fetch->fail({"HTTP 500", "body"});
    } else {
      HttpResponse response = Response({});
      EXPECT_TRUE(fetch->accept(response));
    }
  }
  return calls;
}

TEST_F(PlayerBatchesTest, SplitsABatchDownToTheIdsThatFailAlone) {
  for (const std::set<std::uint64_t>& broken :
       {std::set<std::uint64_t>{77}, {0, 1}, {3, 50, 99}, {0, 25, 50, 75}}) {
    for (const std::uint64_t count : {100U, 250U}) {
      outcomes_.clear();
      Begin(count);
      Respond(broken, false);
      EXPECT_EQ(outcomes_.size(), count - broken.size());
      const MethodCalls calls = batches_->TakeCalls();
      std::set<std::uint64_t> failed;
      for (const FailedItems& items : calls.failed) {
        EXPECT_EQ(items.size, 1U);
        EXPECT_EQ(items.failure.received, "body");
        failed.insert(items.item);
      }
      EXPECT_EQ(failed, broken);
    }
  }
}

TEST_F(PlayerBatchesTest, AnOutageIsNotSearchedForBrokenIds) {
  Begin(250);
  EXPECT_EQ(Respond({}, true), 3U + 2U) << "the batches and two witnesses";
  const MethodCalls calls = batches_->TakeCalls();
  EXPECT_EQ(calls.failed.size(), 3U);
  EXPECT_EQ(calls.failed[0].size, 100U);
  EXPECT_FALSE(calls.AreWell());
  EXPECT_TRUE(outcomes_.empty());
}

TEST_F(PlayerBatchesTest, TheSearchEndsWhereMoreFailThanIdsMayBeBroken) {
  std::set<std::uint64_t> odd;
  for (std::uint64_t item = 1; item < 100; item += 2) odd.insert(item);
  Begin(100);
  EXPECT_LT(Respond(odd, false), 60U);
  EXPECT_FALSE(batches_->TakeCalls().AreWell());
}

TEST_F(PlayerBatchesTest, AreWellWhereATenthFails) {
  MethodCalls calls;
  EXPECT_TRUE(calls.AreWell());
  calls.failed.emplace_back();
  calls.succeeded = 8;
  EXPECT_FALSE(calls.AreWell());
  calls.succeeded = 9;
  EXPECT_TRUE(calls.AreWell());
}

}  // namespace
}  // namespace steamflow
