#include <gtest/gtest.h>
#include <simdjson.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "standin_client.h"
#include "steam_standin/accounts.h"
#include "steam_standin/apps.h"
#include "steam_standin/journal.h"
#include "steam_standin/news.h"

namespace steamflow::standin {
namespace {

using Clock = std::chrono::steady_clock;

TEST(Standin, AnswersWithTheLibrarysData) {
  Standin standin;
  const Accounts accounts;
  EXPECT_EQ(standin.Get(kCount).body, NumberOfCurrentPlayers(582010));
  EXPECT_EQ(standin.Get(kNews + "&count=3").body, NewsForApp(1623730, 3));
  EXPECT_EQ(standin.Get(kNews + "&enddate=1000").body, NewsForApp(1623730, 20, 1000));
  EXPECT_EQ(standin.Get(kGames + std::to_string(kId)).body, accounts.RecentlyPlayedGames(kId));
  std::vector<std::uint64_t> ids;
  for (std::uint64_t i = 0; i < 100; ++i) ids.push_back(kId - i);
  const auto players = standin.Get(kPlayers + Ids(kId, 100));
  EXPECT_EQ(players.body, accounts.PlayerSummaries(ids));
  EXPECT_EQ(players.headers.at("content-type"), "application/json; charset=UTF-8");
}

TEST(Standin, AnswersErrorsLikeSteam) {
  Standin standin;
  const auto unknown = standin.Get("/ISteamUserStats/GetNumberOfCurrentPlayers/v1?appid=404");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.body, R"({"response":{"result":42}})");
  EXPECT_EQ(standin.Get("/ISteamUser/GetFriendList/v1/").status, 404);
  for (const auto& path :
       {std::string("/ISteamUserStats/GetNumberOfCurrentPlayers/v1/"), kGames, kGames + Ids(kId, 2),
        kPlayers, kPlayers + Ids(kId, 101), std::string("/ISteamNews/GetNewsForApp/v2/?appid=x")}) {
    EXPECT_EQ(standin.Get(path).status, 400) << path;
  }
}

TEST(Standin, HasNoNewsOfSomeApps) {
  Standin standin;
  for (const char* appid : {"480", "404"}) {
    const auto refused = standin.Get(std::string("/ISteamNews/GetNewsForApp/v2/?appid=") + appid);
    EXPECT_EQ(refused.status, 403) << appid;
    EXPECT_EQ(refused.body, "{}") << appid;
    EXPECT_EQ(refused.headers.at("content-type"), "application/json; charset=UTF-8");
  }
}

TEST(Standin, ShowsTheNewsThatItIsGiven) {
  Standin standin;
  EXPECT_EQ(standin.Control("PUT", "/standin/news/7", "{}").status, 400);
  ASSERT_EQ(standin
                .Control("PUT", "/standin/news/7",
                         R"([{"gid":"1","date":10},{"gid":"3"},{"gid":"2","date":12}])")
                .status,
            200);
  const std::string path = "/ISteamNews/GetNewsForApp/v2/?appid=7";
  const auto response = [](const std::string& items) {
    return R"({"appnews":{"appid":7,"newsitems":[)" + items + R"(],"count":3}})";
  };
  EXPECT_EQ(standin.Get(path).body,
            response(R"({"gid":"2","date":12},{"gid":"1","date":10},{"gid":"3"})"));
  EXPECT_EQ(standin.Get(path + "&count=1&enddate=10").body, response(R"({"gid":"1","date":10})"));
  standin.Control("DELETE", "/standin/news");
  EXPECT_EQ(standin.Get(path).body, NewsForApp(7));
}

TEST(Standin, WantsTheKeyAndNeverShowsIt) {
  Standin any;
  Standin one({"--key", "secret-key"});
  const std::string path = kGames + std::to_string(kId);
  EXPECT_EQ(any.Get(path, "x-webapi-key: whatever").status, 200);
  EXPECT_EQ(one.Get(path, "x-webapi-key: secret-key").status, 200);
  EXPECT_EQ(one.Get(path + "&key=secret-key", "").status, 200);
  EXPECT_EQ(one.Get(kCount, "").status, 200);
  for (const auto& refused : {any.Get(path, ""), one.Get(path, ""),
                              one.Get(path, "x-webapi-key: wrong"), one.Get(path + "&key=wrong")}) {
    EXPECT_EQ(refused.status, 403);
    EXPECT_TRUE(Contains(refused.body, "verify your <pre>key=</pre> parameter"));
    EXPECT_TRUE(refused.headers.at("content-type").starts_with("text/html"));
  }
  const auto journal = one.Control("GET", "/standin/requests").body;
  EXPECT_FALSE(Contains(journal, "secret-key"));
  EXPECT_TRUE(Contains(journal, R"("key_in":"header")"));
  EXPECT_TRUE(Contains(journal, R"("key_in":"query")"));
  EXPECT_TRUE(Contains(journal, R"("key_in":"none")"));
}

TEST(Standin, KeepsConnectionsAndCompressesWhenAsked) {
  Standin standin;
  standin.client().Set(CURLOPT_ACCEPT_ENCODING, "gzip");
  EXPECT_EQ(standin.Get(kCount).connects, 1);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(standin.Get(kCount).connects, 0);
  const auto news = standin.Get(kNews);
  EXPECT_EQ(news.headers.at("content-encoding"), "gzip");
  EXPECT_EQ(news.body, NewsForApp(1623730));
  EXPECT_LT(std::stoul(news.headers.at("content-length")), news.body.size() / 2);
}

TEST(Standin, DelaysConcurrentCallsTogether) {
  constexpr int kCalls = 100;
  Standin standin({"--latency-ms", "500"});
  std::vector<std::thread> callers;
  std::vector<Reply> replies(kCalls);
  const auto start = Clock::now();
  for (auto& reply : replies) {
    callers.emplace_back(
        [&reply, url = standin.url()] { reply = Client().Send("GET", url + kCount); });
  }
  for (auto& caller : callers) caller.join();
  // With only eight calls at a time this would take more than six seconds.
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(3));
  for (const auto& reply : replies) {
    EXPECT_EQ(reply.status, 200);
    EXPECT_GE(reply.seconds, 0.5);
  }
}

TEST(Standin, KeepsAJournal) {
  Standin standin;
  standin.Get(kGames + std::to_string(kId) + "&count=5");
  standin.Get(kNews + "&enddate=1700000000");
  standin.Get(kPlayers + Ids(kId, 3));
  const auto reply = standin.Control("GET", "/standin/requests");
  EXPECT_EQ(reply.headers.at("x-total-count"), "3");
  simdjson::dom::parser parser;
  const simdjson::dom::element journal = parser.parse(reply.body);
  const auto text = [&](const char* at) {
    return std::string(std::string_view(journal.at_pointer(at)));
  };
  EXPECT_EQ(text("/0/method"), "GetRecentlyPlayedGames");
  EXPECT_EQ(text("/0/ids/0"), std::to_string(kId));
  EXPECT_EQ(text("/0/http"), "1.1");
  EXPECT_EQ(text("/1/method"), "GetNewsForApp");
  EXPECT_EQ(std::int64_t(journal.at_pointer("/1/appid")), 1623730);
  EXPECT_EQ(std::int64_t(journal.at_pointer("/1/enddate")), 1700000000);
  EXPECT_EQ(text("/2/ids/2"), std::to_string(kId - 2));
  EXPECT_GE(std::int64_t(journal.at_pointer("/2/at_ms")),
            std::int64_t(journal.at_pointer("/0/at_ms")));
  standin.Control("DELETE", "/standin/requests");
  EXPECT_EQ(standin.Control("GET", "/standin/requests").body, "[]\n");
}

TEST(Journal, IsBounded) {
  Journal journal;
  for (int i = 0; i < 20'000; ++i) {
    journal.Add(
        {.method = Method::kPlayerSummaries, .steam_ids = std::vector<std::uint64_t>(100, kId)});
  }
  EXPECT_EQ(journal.total(), 20'000u);
  const auto json = journal.Json();
  EXPECT_EQ(std::count(json.begin(), json.end(), '\n'), 10'000);
}

TEST(Process, EndsOnSigtermWithConnectionsOpen) {
  Standin standin;
  ASSERT_EQ(standin.Get(kCount).status, 200);
  const auto start = Clock::now();
  standin.process().Send(SIGTERM);
  EXPECT_EQ(standin.process().Wait(), 0);
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(5));
}

TEST(Process, EndsWithItsInputWhenAsked) {
  Standin standin({"--exit-with-stdin"});
  ASSERT_EQ(standin.Get(kCount).status, 200);
  standin.process().CloseStdin();
  EXPECT_EQ(standin.process().Wait(), 0);
}

TEST(Process, OutlivesItsInputOtherwise) {
  Standin standin;
  standin.process().CloseStdin();
  EXPECT_EQ(standin.Get(kCount).status, 200);
}

TEST(Process, RefusesATakenPort) {
  Standin standin;
  const auto port = standin.url().substr(standin.url().rfind(':') + 1);
  ChildProcess second(Standin::Command({"--port", port}));
  EXPECT_TRUE(Contains(second.ReadLine(), "steam-standin: listening on 127.0.0.1"));
  EXPECT_EQ(second.Wait(), 1);
}

TEST(TlsProxy, SpeaksWhatTheClientAsksFor) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("tls_proxy_test." + std::to_string(getpid()));
  {
    Standin standin;
    ChildProcess proxy({TLS_PROXY, standin.url(), folder});
    const auto url = proxy.ReadLine();
    ASSERT_TRUE(url.starts_with("https://localhost:")) << url;
    for (const long version : {CURL_HTTP_VERSION_2TLS, CURL_HTTP_VERSION_1_1}) {
      Client client;
      client.TrustOnly(folder / "ca");
      client.Set(CURLOPT_HTTP_VERSION, version);
      const auto reply = client.Send("GET", url + kCount);
      EXPECT_EQ(reply.code, CURLE_OK) << curl_easy_strerror(reply.code);
      EXPECT_EQ(reply.body, NumberOfCurrentPlayers(582010));
      EXPECT_EQ(reply.http_version,
                version == CURL_HTTP_VERSION_1_1 ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2_0);
    }
    const auto journal = standin.Control("GET", "/standin/requests").body;
    EXPECT_LT(journal.find(R"("http":"2")"), journal.find(R"("http":"1.1")"));
    Client stranger;
    stranger.TrustOnly(folder);
    EXPECT_EQ(stranger.Send("GET", url + kCount).code, CURLE_PEER_FAILED_VERIFICATION);
    proxy.Send(SIGTERM);
    EXPECT_EQ(proxy.Wait(), 0);
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace steamflow::standin
