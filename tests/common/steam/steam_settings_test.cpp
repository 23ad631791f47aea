#include "steam_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "file_io.h"
#include "test_run.h"

namespace steamflow {
namespace {

using test::CodeOf;
using test::ScopedEnvironment;
using test::ScopedFolder;
using test::TestRun;
using testing::HasSubstr;
using testing::Not;

const ScopedEnvironment::Values kUnset = {{"AIRFLOW_VAR_STEAM_GAMES", std::nullopt},
                                          {"AIRFLOW_VAR_STEAM_NEWS_APPS", std::nullopt}};

TEST(ReadGamesTest, DefaultsAreThoseOfTheReference) {
  const ScopedEnvironment environment(kUnset);
  const auto games = ReadGames("");
  ASSERT_EQ(games.size(), 3U);
  EXPECT_EQ(games[0].name, "Monster Hunter World");
  EXPECT_EQ(games[0].appid, 582010U);
  EXPECT_EQ(games[1].appid, 1245620U);
  EXPECT_EQ(games[2].appid, 1623730U);
}

TEST(ReadGamesTest, TheFlagComesBeforeTheVariable) {
  const ScopedEnvironment environment("AIRFLOW_VAR_STEAM_GAMES", R"({"몬스터 헌터": "582010"})");
  auto games = ReadGames("");
  ASSERT_EQ(games.size(), 1U);
  EXPECT_EQ(games[0].name, "몬스터 헌터");
  EXPECT_EQ(games[0].appid, 582010U);
  games = ReadGames(R"({"a": 1, "b": 4294967295})");
  ASSERT_EQ(games.size(), 2U);
  EXPECT_EQ(games[1].appid, 4294967295U);
}

TEST(ReadGamesTest, RefusesWhatIsNoObjectOfAppids) {
  for (const char* text : {"[]",
                           "{",
                           "{}",
                           "582010",
                           "null",
                           R"({"a": 0})",
                           R"({"a": -1})",
                           R"({"a": 4294967296})",
                           R"({"a": 1.0})",
                           R"({"a": 1e3})",
                           R"({"a": true})",
                           R"({"a": null})",
                           R"({"a": [1]})",
                           R"({"a": "1 "})",
                           R"({"a": ""})",
                           R"({"a": "0x10"})",
                           R"({"a": 1, "b": 1})",
                           R"({"a": 1, "b": "1"})",
                           R"({"a": 1, "a": 2})",
                           R"({"a": 1} x)",
                           R"({"": 1})",
                           R"({"a\u0000": 1})"}) {
    const ScopedEnvironment environment(kUnset);
    std::string message;
    EXPECT_EQ(CodeOf([&] { ReadGames(text); }, &message), ExitCode::kUsage) << text;
    EXPECT_THAT(message, HasSubstr("--steam-games")) << text;
    const ScopedEnvironment variable("AIRFLOW_VAR_STEAM_GAMES", text);
    EXPECT_EQ(CodeOf([] { ReadGames(""); }, &message), ExitCode::kConfig) << text;
    EXPECT_THAT(message, HasSubstr("AIRFLOW_VAR_STEAM_GAMES")) << text;
  }
}

TEST(ReadNewsAppsTest, ReadsAListOrTheDefault) {
  const ScopedEnvironment environment(kUnset);
  EXPECT_THAT(ReadNewsApps(""), testing::ElementsAre(1623730U));
  EXPECT_THAT(ReadNewsApps(R"([582010, "1245620"])"), testing::ElementsAre(582010U, 1245620U));
}

TEST(ReadNewsAppsTest, RefusesWhatIsNoListOfAppids) {
  const ScopedEnvironment environment(kUnset);
  for (const char* text : {"{}", "[", "[]", "1", "[0]", "[-1]", "[1.5]", "[null]", "[[1]]",
                           "[1, 1]", R"([1, "1"])", "[4294967296]"}) {
    std::string message;
    EXPECT_EQ(CodeOf([&] { ReadNewsApps(text); }, &message), ExitCode::kUsage) << text;
    EXPECT_THAT(message, HasSubstr("--steam-news-apps")) << text;
  }
}

ScopedEnvironment::Values Nothing(const ScopedEnvironment::Values& but = {}) {
  ScopedEnvironment::Values values = but;
  for (const char* name : {"AIRFLOW_VAR_STEAM_API_KEY", "AIRFLOW_VAR_STEAM_API_KEY_FILE",
                           "STEAM_API_KEY_FILE", "AIRFLOW_VAR_STEAM_API_URL"}) {
    values.emplace(name, std::nullopt);
  }
  return values;
}

TEST(ReadApiUrlTest, TakesHttpsAndLoopback) {
  const ScopedEnvironment environment(Nothing());
  EXPECT_EQ(ReadApiUrl("", false), "https://api.steampowered.com");
  EXPECT_EQ(ReadApiUrl("https://host:8443/prefix//", false), "https://host:8443/prefix");
  for (const char* url : {"http://localhost", "http://localhost:1", "http://127.0.0.1:65535",
                          "http://127.1.2.3/x", "http://[::1]:80", "http://[::1]"}) {
    EXPECT_EQ(ReadApiUrl(url, false), url);
  }
  EXPECT_EQ(ReadApiUrl("http://example.com", true), "http://example.com");
}

TEST(ReadApiUrlTest, RefusesWhatIsNoAddress) {
  const ScopedEnvironment environment(Nothing());
  for (const char* url : {"api.steampowered.com",
                          "ftp://host",
                          "http://",
                          "https://",
                          "https:///path",
                          "https://?x",
                          "https://host?key=1",
                          "https://host#x",
                          "https://user:hunter2@host",
                          "https://h ost",
                          "https://host\n",
                          "https://ho\x7fst",
                          "https://\xEB\xAA\xAC",
                          "HTTPS://host",
                          "/",
                          "https://:443",
                          "javascript:https://host",
                          "https://host:99999",
                          "https://host:0",
                          "https://host:",
                          "https://host:port",
                          "https://[::1",
                          "https://[::1]x",
                          "https://a,b",
                          "https://host:1:2"}) {
    std::string message;
    EXPECT_EQ(CodeOf([&] { ReadApiUrl(url, true); }, &message), ExitCode::kUsage) << url;
    EXPECT_THAT(message, HasSubstr("--steam-api-url"));
    EXPECT_THAT(message, Not(HasSubstr("hunter2")));
  }
}

TEST(ReadApiUrlTest, PlainHttpToAnotherMachineNeedsLeave) {
  for (const char* url :
       {"http://example.com", "http://10.0.0.1", "http://[::2]", "http://localhost.example.com",
        "http://127.example.com", "http://127.0.0.1.example.com", "http://127.0.0.1\\.example.com",
        "http://127.0.0.1example", "http://localhost\\@x"}) {
    const ScopedEnvironment environment(Nothing({{"AIRFLOW_VAR_STEAM_API_URL", url}}));
    std::string message;
    EXPECT_EQ(CodeOf([] { ReadApiUrl("", false); }, &message), ExitCode::kConfig) << url;
    EXPECT_THAT(message, HasSubstr("AIRFLOW_VAR_STEAM_API_URL"));
  }
}

TEST(ReadApiKeyTest, ComesFromTheVariableThenFromAFile) {
  const ScopedFolder folder;
  ASSERT_TRUE(ReplaceFile(folder.File("key"), "FROMFILE \r\n\n"));
  TestRun test;
  {
    const ScopedEnvironment environment(Nothing({{"AIRFLOW_VAR_STEAM_API_KEY", "FROMVARIABLE"},
                                                 {"STEAM_API_KEY_FILE", folder.File("key")}}));
    EXPECT_EQ(ReadApiKey(test.log()), "FROMVARIABLE");
  }
  for (const char* name : {"STEAM_API_KEY_FILE", "AIRFLOW_VAR_STEAM_API_KEY_FILE"}) {
    const ScopedEnvironment environment(Nothing({{name, folder.File("key")}}));
    EXPECT_EQ(ReadApiKey(test.log()), "FROMFILE") << name;
  }
  EXPECT_EQ(test.log().Redact("FROMVARIABLE FROMFILE"), "*** ***");
}

TEST(ReadApiKeyTest, RefusesAKeyThatIsNone) {
  const ScopedFolder folder;
  ASSERT_TRUE(ReplaceFile(folder.File("blank"), " \n"));
  TestRun test;
  std::string message;
  {
    const ScopedEnvironment environment(Nothing());
    EXPECT_EQ(CodeOf([&] { ReadApiKey(test.log()); }, &message), ExitCode::kConfig);
    EXPECT_THAT(message, HasSubstr("AIRFLOW_VAR_STEAM_API_KEY"));
  }
  for (const std::string& path : {folder.File("absent"), folder.File("blank"), folder.File("")}) {
    const ScopedEnvironment environment(Nothing({{"STEAM_API_KEY_FILE", path}}));
    EXPECT_EQ(CodeOf([&] { ReadApiKey(test.log()); }, &message), ExitCode::kConfig) << path;
    EXPECT_THAT(message, HasSubstr(path));
  }
  // A key must not be able to add a header of its own.
  for (const char* key : {"hunter2 x", "hunter2\r\nHost: evil", "hunter2\xEB", "\thunter2"}) {
    const ScopedEnvironment environment(Nothing({{"AIRFLOW_VAR_STEAM_API_KEY", key}}));
    EXPECT_EQ(CodeOf([&] { ReadApiKey(test.log()); }, &message), ExitCode::kConfig);
    EXPECT_THAT(message, Not(HasSubstr("hunter2")));
  }
}

TEST(ReadCallBudgetLimitTest, HasADefaultAndNoLimit) {
  const ScopedEnvironment environment("AIRFLOW_VAR_STEAM_DAILY_CALL_BUDGET", std::nullopt);
  EXPECT_EQ(ReadCallBudgetLimit(""), 100'000U);
  EXPECT_EQ(ReadCallBudgetLimit("-1"), std::nullopt);
  EXPECT_EQ(ReadCallBudgetLimit("0"), 0U);
  EXPECT_EQ(ReadCallBudgetLimit("9223372036854775807"), 9223372036854775807U);
}

}  // namespace
}  // namespace steamflow
