// Tests the retries against the faults of the stand-in.

#include "fetcher.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <set>

#include "json_value.h"
#include "standin_client.h"
#include "steam_api.h"
#include "steam_urls.h"
#include "test_run.h"

namespace steamflow {
namespace {

using standin::kId;
using standin::Standin;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::JsonValue;
using test::TestRun;
using testing::HasSubstr;
using testing::Not;
using Reason = FetchEnd::Reason;

constexpr char kKey[] = "0123456789ABCDEF";

class FetcherTest : public testing::Test {
 protected:
  explicit FetcherTest(milliseconds deadline = seconds(60)) : test_(deadline) {}

  // Requests the recently played games of `count` ids.
  FetchEnd Fetch(std::size_t count) {
    Fetcher fetcher(test_.run(), kKey, nullptr);
    return Fetch(fetcher, count, [] {});
  }

  FetchEnd Fetch(Fetcher& fetcher, std::size_t count, const std::function<void()>& between) {
    std::size_t next = 0;
    const auto started = Clock::now();
    const auto end = fetcher.FetchAll(
        [&]() -> std::optional<steamflow::Fetch> {
          if (next == count) return std::nullopt;
          const std::uint64_t id = kId - next;
          steamflow::Fetch fetch;
          fetch.item = fmt::format("id {}", id);
          fetch.url = steam_api::RecentlyPlayedUrl(api_url_, id);
          fetch.keyed_calls = count - next++;
          fetch.accept = [this, id](HttpResponse& response) -> tl::expected<void, std::string> {
            const auto games = parser_.ParseRecentGames(response.body);
            if (!games) return tl::unexpected(games.error());
            EXPECT_TRUE(answered_.insert(id).second) << "two responses for one id";
            return {};
          };
          fetch.fail = [this, id](const FetchFailure& failure) {
            EXPECT_TRUE(failed_.insert(id).second) << "two failures for one id";
            failure_ = failure;
          };
          return fetch;
        },
        between);
    took_ = Clock::now() - started;
    return end;
  }

  void AddFault(const std::string& kind, int times, const std::string& more = "") {
    standin_.AddFault(fmt::format(R"({{"kind":"{}","times":{}{}}})", kind, times, more));
  }

  JsonValue Journal() { return JsonValue(standin_.Control("GET", "/standin/requests").body); }

  const SourceResult& counts() const { return *test_.result.source; }

  Standin standin_{{"--key", kKey}};  // must start before the signals are blocked
  TestRun test_;
  std::string api_url_ = standin_.url();
  steam_api::Parser parser_;
  std::set<std::uint64_t> answered_;
  std::set<std::uint64_t> failed_;
  FetchFailure failure_;
  Clock::duration took_{};
};

TEST_F(FetcherTest, AsksOnceForEverything) {
  EXPECT_EQ(Fetch(50).reason, Reason::kComplete);
  EXPECT_EQ(answered_.size(), 50U);
  EXPECT_TRUE(failed_.empty());
  EXPECT_EQ(counts().requests, 50U);
  EXPECT_EQ(counts().retries, 0U);
  const JsonValue journal = Journal();
  ASSERT_EQ(journal.Size(""), 50U);
  EXPECT_EQ(journal.Text("/0/key_in"), "header");
}

TEST_F(FetcherTest, NothingToAskIsComplete) {
  EXPECT_EQ(Fetch(0).reason, Reason::kComplete);
  EXPECT_EQ(counts().requests, 0U);
}

TEST_F(FetcherTest, TransientAnswersAreTriedAgain) {
  for (const int status : {408, 429, 500, 502, 503, 504}) {
    AddFault("status", 1, fmt::format(R"(,"status":{})", status));
  }
  EXPECT_EQ(Fetch(20).reason, Reason::kComplete);
  EXPECT_EQ(answered_.size(), 20U);
  EXPECT_EQ(counts().retries, 6U);
  EXPECT_EQ(counts().requests, 26U);
}

TEST_F(FetcherTest, BrokenBodiesAreTriedAgain) {
  for (const char* kind : {"cut_length", "cut_chunked", "cut_close", "broken_json", "html200"}) {
    AddFault(kind, 1);
  }
  standin_.AddFault(fmt::format(R"({{"kind":"bad_utf8","match":{{"steamid":"{}"}}}})", kId));
  EXPECT_EQ(Fetch(20).reason, Reason::kComplete);
  EXPECT_EQ(answered_.size(), 20U);
  EXPECT_GE(counts().retries, 5U);  // perhaps not more: the games of kId may have no name to break
  EXPECT_EQ(counts().requests, 20 + counts().retries);
  EXPECT_EQ(Journal().Size(""), counts().requests);
}

TEST_F(FetcherTest, ACallThatNeverSucceedsFailsAloneAfterItsRetries) {
  standin_.AddFault(fmt::format(
      R"({{"kind":"status","status":500,"times":-1,"match":{{"steamid":"{}"}}}})", kId - 3));
  test_.options.retries = 2;
  EXPECT_EQ(Fetch(20).reason, Reason::kComplete);
  EXPECT_EQ(answered_.size(), 19U);
  EXPECT_EQ(failed_, std::set<std::uint64_t>{kId - 3});
  EXPECT_EQ(counts().retries, 2U);
  EXPECT_THAT(failure_.message, HasSubstr("HTTP 500"));
  EXPECT_THAT(failure_.message, Not(HasSubstr("steamid"))) << "only the path belongs in a log";
  EXPECT_THAT(failure_.received, HasSubstr("<"));
}

TEST_F(FetcherTest, NoRetriesWhereNoneAreWanted) {
  AddFault("status", 1, R"(,"status":500)");
  test_.options.retries = 0;
  EXPECT_EQ(Fetch(5).reason, Reason::kComplete);
  EXPECT_EQ(failed_.size(), 1U);
  EXPECT_EQ(counts().requests, 5U);
}

TEST_F(FetcherTest, TheRunHasABudgetOfRetries) {
  AddFault("status", -1, R"(,"status":503)");
  EXPECT_EQ(Fetch(30).reason, Reason::kComplete);
  EXPECT_EQ(failed_.size(), 30U);
  EXPECT_EQ(counts().retries, 10U);
  EXPECT_EQ(Journal().Size(""), 40U);
}

TEST_F(FetcherTest, TheBudgetOfRetriesGrowsWithTheRun) {
  AddFault("status", -1, R"(,"status":503)");
  EXPECT_EQ(Fetch(80).reason, Reason::kComplete);
  EXPECT_GE(counts().retries, 10U);
  EXPECT_LE(counts().retries, 16U);
  EXPECT_LE(counts().retries, std::max<std::uint64_t>(10, counts().requests / 5));
}

TEST_F(FetcherTest, SoManyFailuresThatTheApiIsDownEndTheRun) {
  AddFault("status", -1, R"(,"status":400)");
  const FetchEnd end = Fetch(300);
  EXPECT_EQ(end.reason, Reason::kFatal);
  EXPECT_EQ(end.error->code(), ExitCode::kTransient);
  EXPECT_LT(counts().requests, 300U);
  EXPECT_EQ(counts().retries, 0U) << "a 400 is not retried";
}

TEST_F(FetcherTest, RetryAfterHoldsBackEveryCall) {
  for (const char* header : {"2", "{date+3}"}) {  // a date has whole seconds, so this is 2 to 3 s
    standin_.Control("DELETE", "/standin/requests");
    answered_.clear();
    AddFault("status", 1, fmt::format(R"(,"status":429,"headers":{{"Retry-After":"{}"}})", header));
    test_.options.max_in_flight = 1;
    EXPECT_EQ(Fetch(3).reason, Reason::kComplete);
    EXPECT_EQ(answered_.size(), 3U);
    const JsonValue journal = Journal();
    ASSERT_EQ(journal.Size(""), 4U) << header;
    EXPECT_GE(journal.Number("/1/at_ms") - journal.Number("/0/at_ms"), 1'900) << header;
  }
}

TEST_F(FetcherTest, ARetryAfterBeyondTheDeadlineEndsTheRunAtOnce) {
  test_.options.max_in_flight = 1;
  for (const char* wait :
       {"3600", "9223372036854775807", "{date+3600}", "Fri, 31 Dec 9999 23:59:59 GMT"}) {
    standin_.ClearFaults();
    AddFault("status", 1, fmt::format(R"(,"status":429,"headers":{{"Retry-After":"{}"}})", wait));
    const FetchEnd end = Fetch(3);
    ASSERT_EQ(end.reason, Reason::kFatal) << wait;
    EXPECT_EQ(end.error->code(), ExitCode::kTransient);
    EXPECT_THAT(end.error->what(), HasSubstr("past the deadline"));
    EXPECT_EQ(counts().requests, 1U);
    EXPECT_LT(took_, seconds(5));
  }
}

TEST_F(FetcherTest, ARetryAfterThatIsNoneIsAnOrdinaryRetry) {
  for (const char* wait : {"0", "-5", "soon", "", "Sun, 06 Nov 1994 08:49:37 GMT"}) {
    standin_.ClearFaults();
    answered_.clear();
    AddFault("status", 1, fmt::format(R"(,"status":429,"headers":{{"Retry-After":"{}"}})", wait));
    EXPECT_EQ(Fetch(1).reason, Reason::kComplete) << wait;
    EXPECT_EQ(answered_.size(), 1U) << wait;
    EXPECT_LT(took_, seconds(5)) << wait;
  }
}

TEST_F(FetcherTest, ARefusedKeyEndsTheRunAfterOneCall) {
  test_.options.max_in_flight = 1;
  for (const char* kind : {"key_refused_401", "key_refused_403"}) {
    standin_.ClearFaults();
    AddFault(kind, -1);
    const FetchEnd end = Fetch(10);
    ASSERT_EQ(end.reason, Reason::kFatal) << kind;
    EXPECT_EQ(end.error->code(), ExitCode::kAuth) << kind;
    EXPECT_THAT(end.error->what(), HasSubstr("AIRFLOW_VAR_STEAM_API_KEY"));
    EXPECT_THAT(end.error->what(), Not(HasSubstr(kKey)));
    EXPECT_EQ(counts().requests, 1U) << kind;
  }
}

TEST_F(FetcherTest, ABlockedAddressIsTransient) {
  test_.options.max_in_flight = 1;
  AddFault("edge_block", -1);
  const FetchEnd end = Fetch(10);
  ASSERT_EQ(end.reason, Reason::kFatal);
  EXPECT_EQ(end.error->code(), ExitCode::kTransient);
  EXPECT_EQ(counts().requests, 1U);
}

TEST_F(FetcherTest, AMethodThatTheApiDoesNotHaveEndsTheRun) {
  test_.options.max_in_flight = 1;
  for (
      const char* page :
      {R"(,"status":404,"body":"<html><body>Method 'X' not found in interface</body></html>")",
       R"(,"status":400,"body":"<html><body>Required parameter 'key' is missing</body></html>")"}) {
    standin_.ClearFaults();
    AddFault("status", -1, page);
    const FetchEnd end = Fetch(10);
    ASSERT_EQ(end.reason, Reason::kFatal) << page;
    EXPECT_EQ(end.error->code(), ExitCode::kConfig) << page;
    EXPECT_THAT(end.error->what(), HasSubstr(" (")) << "the message contains the server's sentence";
    EXPECT_THAT(end.error->what(), HasSubstr("AIRFLOW_VAR_STEAM_API_URL"));
    EXPECT_EQ(counts().requests, 1U) << page;
  }
}

TEST_F(FetcherTest, A403WithoutAPageIsAboutWhatWasAskedFor) {
  const std::string one = fmt::format(R"(,"match":{{"steamid":"{}"}})", kId);
  AddFault("status", -1,
           one + R"(,"status":403,"body":"{}","headers":{"Content-Type":"application/json"})");
  EXPECT_EQ(Fetch(3).reason, Reason::kComplete);
  EXPECT_EQ(answered_.size(), 2U);
  EXPECT_EQ(failed_, std::set<std::uint64_t>{kId});
  EXPECT_EQ(counts().retries, 0U);
  answered_.clear();
  standin_.ClearFaults();
  AddFault("status", -1, one + R"(,"status":403,"body":"{\"response\":{}}")");
  EXPECT_EQ(Fetch(3).reason, Reason::kComplete);
  EXPECT_EQ(answered_.size(), 3U);
}

TEST_F(FetcherTest, AFailureSaysWhatWasAskedForAndWhatTheServerSays) {
  test_.options.retries = 0;
  AddFault("status", -1, R"(,"status":503)");
  EXPECT_EQ(Fetch(1).reason, Reason::kComplete);
  EXPECT_THAT(failure_.message, HasSubstr(fmt::format("id {}: GET ", kId)));
  EXPECT_THAT(failure_.message, HasSubstr("HTTP 503 (Error An error occurred while processing "
                                          "your request.)"));
  standin_.ClearFaults();
  failed_.clear();
  AddFault("html200", -1);
  EXPECT_EQ(Fetch(1).reason, Reason::kComplete);
  EXPECT_THAT(failure_.message, HasSubstr("down for maintenance.)"));
}

TEST_F(FetcherTest, ARedirectIsNotFollowed) {
  Standin elsewhere;
  AddFault("redirect", -1, fmt::format(R"(,"location":"{}/")", elsewhere.url()));
  const FetchEnd end = Fetch(5);
  ASSERT_EQ(end.reason, Reason::kFatal);
  EXPECT_EQ(end.error->code(), ExitCode::kConfig);
  EXPECT_EQ(elsewhere.Control("GET", "/standin/requests").body, "[]\n");
}

TEST_F(FetcherTest, ABombIsStoppedAtTheLimitAndNotTriedAgain) {
  standin_.AddFault(
      fmt::format(R"({{"kind":"gzip_bomb","times":-1,"match":{{"steamid":"{}"}}}})", kId));
  test_.options.max_response_bytes = 100'000;
  EXPECT_EQ(Fetch(5).reason, Reason::kComplete);
  EXPECT_EQ(answered_.size(), 4U);
  EXPECT_EQ(failed_.size(), 1U);
  EXPECT_EQ(counts().retries, 0U);
  EXPECT_THAT(failure_.message, HasSubstr("--max-response-bytes"));
  EXPECT_LE(failure_.received.size(), 100'000U);
}

TEST_F(FetcherTest, NoMoreCallsAtATimeThanAllowed) {
  AddFault("latency", -1, R"(,"ms":200)");
  test_.options.max_in_flight = 5;
  EXPECT_EQ(Fetch(20).reason, Reason::kComplete);
  const JsonValue journal = Journal();
  ASSERT_EQ(journal.Size(""), 20U);
  const auto at = [&](std::size_t i) { return journal.Number(fmt::format("/{}/at_ms", i)); };
  for (std::size_t i = 0; i + 5 < 20; ++i) EXPECT_GE(at(i + 5) - at(i), 190) << i;
  EXPECT_LT(took_, seconds(3)) << "the calls must run in parallel";
}

TEST_F(FetcherTest, AServerThatIsNotThereIsTriedAgain) {
  api_url_ = "http://127.0.0.1:1";
  test_.options.retries = 2;
  EXPECT_EQ(Fetch(1).reason, Reason::kComplete);
  EXPECT_EQ(counts().requests, 3U);
  EXPECT_EQ(failed_.size(), 1U);
}

TEST_F(FetcherTest, AnAddressThatIsNoneIsConfiguration) {
  api_url_ = "http://127.0.0.1:port";
  const FetchEnd end = Fetch(3);
  ASSERT_EQ(end.reason, Reason::kFatal);
  EXPECT_EQ(end.error->code(), ExitCode::kConfig);
}

TEST_F(FetcherTest, WhatBetweenThrowsComesOutAndLeavesNothingBehind) {
  AddFault("latency", -1, R"(,"ms":100)");
  Fetcher fetcher(test_.run(), kKey, nullptr);
  EXPECT_THROW(Fetch(fetcher, 50, [] { throw TaskError(ExitCode::kAuth, "Kafka"); }), TaskError);
  EXPECT_TRUE(answered_.size() < 50U);
  answered_.clear();
  EXPECT_EQ(Fetch(fetcher, 3, [] {}).reason, Reason::kComplete);
  EXPECT_EQ(answered_.size(), 3U);
}

TEST_F(FetcherTest, ASignalEndsTheWaiting) {
  AddFault("silence", -1);
  Fetcher fetcher(test_.run(), kKey, nullptr);
  bool sent = false;
  const FetchEnd end = Fetch(fetcher, 5, [&] {
    if (!sent) ::kill(::getpid(), SIGTERM);
    sent = true;
  });
  EXPECT_EQ(end.reason, Reason::kStopped);
  EXPECT_LT(took_, seconds(5));
  EXPECT_TRUE(failed_.empty()) << "an id without a response must not count as failed";
}

class FetcherDeadlineTest : public FetcherTest {
 protected:
  FetcherDeadlineTest() : FetcherTest(seconds(2)) {}
};

TEST_F(FetcherDeadlineTest, NeitherSilenceNorATrickleOutlastsIt) {
  AddFault("silence", 1);
  AddFault("trickle", -1, R"(,"ms":500)");
  const FetchEnd end = Fetch(10);
  EXPECT_EQ(end.reason, Reason::kStopped) << end.error->what();
  EXPECT_TRUE(answered_.empty());
  EXPECT_LT(took_, seconds(2)) << "the end of the deadline is for the acknowledgements";
}

}  // namespace
}  // namespace steamflow
