#include "steam_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_run.h"

namespace steamflow {
namespace {

using test::CodeOf;
using test::ScopedEnvironment;
using testing::HasSubstr;

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

}  // namespace
}  // namespace steamflow
