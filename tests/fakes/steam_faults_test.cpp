#include <gtest/gtest.h>
#include <simdjson.h>

#include <chrono>
#include <ctime>
#include <string>
#include <vector>

#include "standin_client.h"
#include "steam_standin/accounts.h"
#include "steam_standin/apps.h"

namespace steamflow::standin {
namespace {

using std::chrono::milliseconds;

std::string Body(const std::string& bytes) {
  return bytes.substr(bytes.find("\r\n\r\n") + 4);
}

TEST(Faults, HappenToMatchingCallsAfterSkipSoManyTimes) {
  Standin standin;
  standin.AddFault(R"({"match":{"method":"GetNumberOfCurrentPlayers","appid":582010},
                       "skip":1,"times":2,"kind":"status","status":503})");
  std::vector<long> statuses;
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(standin.Get("/ISteamUserStats/GetNumberOfCurrentPlayers/v1/?appid=730").status, 200);
    EXPECT_EQ(standin.Get(kNews).status, 200);
    statuses.push_back(standin.Get(kCount).status);
  }
  EXPECT_EQ(statuses, (std::vector<long>{200, 503, 503, 200}));
}

TEST(Faults, MatchAnIdAmongOthers) {
  Standin standin;
  standin.AddFault(R"({"match":{"steamid":")" + std::to_string(kId - 50) +
                   R"("},"times":-1,"kind":"status","status":500})");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(standin.Get(kPlayers + Ids(kId, 100)).status, 500);
    EXPECT_EQ(standin.Get(kGames + std::to_string(kId - 50)).status, 500);
    EXPECT_EQ(standin.Get(kPlayers + Ids(kId, 50)).status, 200);
    EXPECT_EQ(standin.Get(kCount).status, 200);
  }
  standin.ClearFaults();
  EXPECT_EQ(standin.Get(kPlayers + Ids(kId, 100)).status, 200);
}

TEST(Faults, FollowOneAnother) {
  Standin standin;
  standin.AddFault(R"({"kind":"status","status":500})");
  standin.AddFault(R"({"kind":"status","status":502})");
  EXPECT_EQ(standin.Get(kCount).status, 500);
  EXPECT_EQ(standin.Get(kCount).status, 502);
  EXPECT_EQ(standin.Get(kCount).status, 200);
}

TEST(Faults, AreRefusedWhenWrong) {
  Standin standin;
  for (const auto* wrong :
       {"[]", "{}", R"({"kind":"nonsense"})", R"({"kind":"status"})", R"({"kind":"latency"})",
        R"({"kind":"silence","ms":5})", R"({"kind":"redirect"})", R"({"kind":"nul","tims":1})",
        R"({"kind":"nul","times":-2})", R"({"kind":"nul","skip":"1"})",
        R"({"kind":"nul","match":{"method":"GetOwnedGames"}})",
        R"({"kind":"nul","match":{"steamid":"12"}})", R"({"kind":"nul","match":{"appid":-1}})",
        R"({"kind":"status","status":99})", R"({"kind":"nul","headers":{"A":1}})"}) {
    const auto reply = standin.Control("POST", "/standin/faults", wrong);
    EXPECT_EQ(reply.status, 400) << wrong;
    EXPECT_GT(reply.body.size(), 5u) << wrong;
  }
  EXPECT_EQ(standin.Get(kCount).status, 200);
}

TEST(Faults, TooManyRequestsInThreeForms) {
  Standin standin;
  standin.AddFault(R"({"kind":"status","status":429,"headers":{"Retry-After":"7"}})");
  standin.AddFault(R"({"kind":"status","status":429,"headers":{"Retry-After":"{date+30}"}})");
  standin.AddFault(R"({"kind":"status","status":429,"body":"<h1>Too Many Requests</h1>"})");
  const auto seconds = standin.Get(kCount);
  EXPECT_EQ(seconds.status, 429);
  EXPECT_EQ(seconds.headers.at("retry-after"), "7");
  const auto date = standin.Get(kCount);
  std::tm utc{};
  ASSERT_NE(strptime(date.headers.at("retry-after").c_str(), "%a, %d %b %Y %T GMT", &utc), nullptr);
  EXPECT_NEAR(static_cast<double>(timegm(&utc) - std::time(nullptr)), 30, 5);
  const auto page = standin.Get(kCount);
  EXPECT_EQ(page.status, 429);
  EXPECT_FALSE(page.headers.contains("retry-after"));
  EXPECT_EQ(page.body, "<h1>Too Many Requests</h1>");
  EXPECT_TRUE(page.headers.at("content-type").starts_with("text/html"));
}

TEST(Faults, Pages) {
  struct Case {
    std::string kind;
    long status;
    std::string part;
  };
  for (const auto& [kind, status, part] :
       {Case{"html200", 200, "maintenance"}, Case{"edge_block", 403, "Reference &#35;"},
        Case{"key_refused_401", 401, "verify your <pre>key=</pre> parameter"},
        Case{"key_refused_403", 403, "verify your <pre>key=</pre> parameter"}}) {
    Standin standin;
    standin.AddFault(R"({"kind":")" + kind + R"("})");
    const auto reply = standin.Get(kCount);
    EXPECT_EQ(reply.status, status);
    EXPECT_TRUE(Contains(reply.body, part)) << reply.body;
    EXPECT_EQ(Contains(reply.body, "verify your"), kind.starts_with("key_refused"));
    EXPECT_TRUE(reply.headers.at("content-type").starts_with("text/html"));
    EXPECT_EQ(standin.Get(kCount).status, 200);
  }
}

TEST(Faults, Redirect) {
  Standin standin;
  standin.AddFault(R"({"kind":"redirect","location":"http://127.0.0.1:1/x"})");
  const auto reply = standin.Get(kCount);
  EXPECT_EQ(reply.status, 302);
  EXPECT_EQ(reply.headers.at("location"), "http://127.0.0.1:1/x");
}

TEST(Faults, LatencyAddsToWhatFollows) {
  Standin standin;
  standin.AddFault(R"({"kind":"latency","ms":80,"times":2})");
  standin.AddFault(R"({"kind":"status","status":503})");
  const auto slow_error = standin.Get(kCount);
  EXPECT_EQ(slow_error.status, 503);
  EXPECT_GE(slow_error.seconds, 0.08);
  const auto slow = standin.Get(kCount);
  EXPECT_EQ(slow.status, 200);
  EXPECT_GE(slow.seconds, 0.08);
}

TEST(Faults, CutBodiesInThreeForms) {
  const auto body = NumberOfCurrentPlayers(582010);
  const auto half = body.substr(0, body.size() / 2);
  Standin standin;

  standin.AddFault(R"({"kind":"cut_length"})");
  const auto by_length = RawConnection(standin.url(), kCount).ReadToEnd();
  EXPECT_TRUE(Contains(by_length, "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n"));
  EXPECT_EQ(Body(by_length), half);

  standin.AddFault(R"({"kind":"cut_chunked"})");
  const auto chunked = RawConnection(standin.url(), kCount).ReadToEnd();
  EXPECT_TRUE(Contains(chunked, "\r\nTransfer-Encoding: chunked\r\n"));
  EXPECT_EQ(Body(chunked), "17\r\n" + half + "\r\n");

  standin.AddFault(R"({"kind":"cut_close"})");
  const auto by_close = RawConnection(standin.url(), kCount).ReadToEnd();
  EXPECT_TRUE(Contains(by_close, "\r\nConnection: close\r\n"));
  EXPECT_FALSE(Contains(by_close, "Content-Length"));
  EXPECT_EQ(Body(by_close), half);
}

TEST(Faults, CutBodiesAsLibcurlSeesThem) {
  Standin standin;
  standin.client().Set(CURLOPT_ACCEPT_ENCODING, "gzip");
  standin.AddFault(R"({"kind":"cut_length"})");
  EXPECT_EQ(standin.Get(kNews).code, CURLE_PARTIAL_FILE);
  standin.AddFault(R"({"kind":"cut_chunked"})");
  EXPECT_EQ(standin.Get(kNews).code, CURLE_PARTIAL_FILE);
  standin.client().Set(CURLOPT_ACCEPT_ENCODING, "identity");
  standin.AddFault(R"({"kind":"cut_close"})");
  EXPECT_EQ(standin.Get(kNews).code, CURLE_OK);
  EXPECT_EQ(standin.Get(kNews).code, CURLE_OK);
}

simdjson::error_code Parse(const std::string& text) {
  simdjson::dom::parser parser;
  return parser.parse(text).error();
}

TEST(Faults, BrokenJsonIsCompleteHttp) {
  Standin standin;
  standin.AddFault(R"({"kind":"broken_json"})");
  const auto reply = standin.Get(kPlayers + Ids(kId, 100));
  EXPECT_EQ(reply.code, CURLE_OK);
  EXPECT_EQ(reply.status, 200);
  EXPECT_NE(Parse(reply.body), simdjson::SUCCESS);
  EXPECT_TRUE(reply.body.starts_with(R"({"response":{"players":[)"));
}

TEST(Faults, DamagedTextIsWhereTheFaultPoints) {
  struct Case {
    std::string kind;
    std::string damage;
    bool document_survives;
  };
  const Accounts accounts;
  auto victim = kId;
  while (accounts.AccountOf(victim) != Account::kPublic) --victim;
  const auto id = std::to_string(victim);
  for (const auto& [kind, damage, document_survives] :
       {Case{"bad_utf8", "\xff", false}, Case{"nul", "\\u0000", true},
        Case{"lone_surrogate", "\\ud83d", false}}) {
    Standin standin;
    standin.AddFault(R"({"kind":")" + kind + R"(","match":{"steamid":")" + id + R"("}})");
    const auto clean = standin.Get(kPlayers + Ids(victim - 1, 99)).body;
    EXPECT_EQ(Parse(clean), simdjson::SUCCESS);
    const auto body = standin.Get(kPlayers + Ids(victim, 100)).body;
    EXPECT_EQ(Parse(body) == simdjson::SUCCESS, document_survives) << kind;
    const auto player = body.substr(body.find(R"("steamid":")" + id));
    EXPECT_LT(player.find(R"("personaname":")" + damage), player.find('}')) << kind;

    for (const auto& path : {kCount, kNews, kGames + std::to_string(victim)}) {
      standin.ClearFaults();
      standin.AddFault(R"({"kind":")" + kind + R"("})");
      EXPECT_TRUE(Contains(standin.Get(path).body, ":\"" + damage)) << kind << path;
      EXPECT_EQ(Parse(standin.Get(path).body), simdjson::SUCCESS);
    }
  }
}

TEST(Faults, GzipBombExpandsToAGigabyte) {
  Standin standin;
  standin.AddFault(R"({"kind":"gzip_bomb","times":2})");
  const auto packed = standin.Get(kCount);
  EXPECT_EQ(packed.headers.at("content-encoding"), "gzip");
  EXPECT_LT(packed.bytes, 2u * 1024 * 1024);
  standin.client().Set(CURLOPT_ACCEPT_ENCODING, "gzip");
  const auto reply = standin.Get(kCount);
  EXPECT_EQ(reply.code, CURLE_OK);
  EXPECT_GE(reply.bytes, std::size_t{1} << 30);
  EXPECT_TRUE(reply.body.starts_with(R"({"response": )"));
}

TEST(Faults, TrickleSendsByteByByte) {
  Standin standin;
  standin.AddFault(R"({"kind":"trickle","ms":10})");
  const auto body = NumberOfCurrentPlayers(582010);
  const auto reply = standin.Get(kCount);
  EXPECT_EQ(reply.body, body);
  EXPECT_GE(reply.seconds, 0.01 * static_cast<double>(body.size()));
}

TEST(Faults, SilenceEndsWhenTheClientLeaves) {
  Standin standin;
  standin.AddFault(R"({"match":{"method":"GetNewsForApp"},"times":-1,"kind":"silence"})");
  // This is more than the number of the server's threads, so each thread must be free again once
  // its client has left.
  for (int i = 0; i < 600; ++i) {
    RawConnection connection(standin.url(), kNews);
    if (i == 0) {
      EXPECT_FALSE(connection.HasSomethingWithin(milliseconds(300)));
    }
  }
  EXPECT_EQ(standin.Get(kCount).status, 200);
}

}  // namespace
}  // namespace steamflow::standin
