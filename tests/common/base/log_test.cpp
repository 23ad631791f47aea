#include "log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>

#include "test_run.h"

namespace steamflow {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

// Returns what `write` sends to stderr through a log of this kind.
template <typename Write>
std::string Logged(LogLevel level, LogFormat format, Write write) {
  testing::internal::CaptureStderr();
  {
    Log log("steam-news", level, format, true);
    write(log);
  }
  return testing::internal::GetCapturedStderr();
}

TEST(LogTest, WritesALineAnEvent) {
  const std::string text = Logged(LogLevel::kWarning, LogFormat::kText, [](Log& log) {
    log.Info("not at this level");
    log.Warning("trying again");
    log.Error("over");
  });
  EXPECT_THAT(text, MatchesRegex("....-..-..T..:..:..\\....Z warning steam-news: trying again\n"
                                 "....-..-..T..:..:..\\....Z error steam-news: over\n"));
}

TEST(LogTest, LevelsAreInOrder) {
  const auto all = [](Log& log) {
    log.Debug("d");
    log.Info("i");
    log.Warning("w");
    log.Error("e");
  };
  const auto lines = [&](LogLevel level) {
    const std::string text = Logged(level, LogFormat::kText, all);
    return std::count(text.begin(), text.end(), '\n');
  };
  EXPECT_EQ(lines(LogLevel::kDebug), 4);
  EXPECT_EQ(lines(LogLevel::kInfo), 3);
  EXPECT_EQ(lines(LogLevel::kWarning), 2);
  EXPECT_EQ(lines(LogLevel::kError), 1);
}

TEST(LogTest, AMessageStaysOnOneLineAndTouchesNoTerminal) {
  const std::string message = "a\nb\rc\x1b[2J\x7f\xC2\x9B[31m\xFF\"q\"\\end";
  const std::string text =
      Logged(LogLevel::kError, LogFormat::kText, [&](Log& log) { log.Error(message); });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_THAT(text, HasSubstr(R"(a\nb\rc\u001b[2J\u007f\u009b[31m)"));
  EXPECT_THAT(text, HasSubstr("\"q\"\\end\n"));
  EXPECT_TRUE(simdjson::validate_utf8(text));
}

TEST(LogTest, JsonLinesAreJson) {
  const std::string text = Logged(LogLevel::kWarning, LogFormat::kJson, [](Log& log) {
    log.AddSecret("se\"cret");
    log.Warning("with \"quotes\", a\nnewline and se\"cret");
  });
  simdjson::dom::parser parser;
  const simdjson::dom::element line = parser.parse(text);
  EXPECT_EQ(std::string_view(line["level"]), "warning");
  EXPECT_EQ(std::string_view(line["task"]), "steam-news");
  EXPECT_EQ(std::string_view(line["message"]), "with \"quotes\", a\nnewline and ***");
}

TEST(LogTest, LinesSayWhichTraceTheyBelongTo) {
  const std::string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const test::ScopedEnvironment environment("TRACEPARENT", trace);
  const auto write = [](Log& log) { log.Warning("trying again"); };
  EXPECT_THAT(Logged(LogLevel::kWarning, LogFormat::kText, write),
              HasSubstr("trying again traceparent=" + trace + "\n"));
  simdjson::dom::parser parser;
  const std::string json = Logged(LogLevel::kWarning, LogFormat::kJson, write);
  EXPECT_EQ(std::string_view(parser.parse(json)["traceparent"]), trace);
}

TEST(LogTest, NoProgressWhereStderrIsNoTerminal) {
  EXPECT_EQ(Logged(LogLevel::kDebug, LogFormat::kText,
                   [](Log& log) {
                     EXPECT_FALSE(log.shows_progress());
                     log.ShowProgress("5 of 10");
                   }),
            "");
}

TEST(RedactTest, ReplacesEverySecretInEveryForm) {
  Log log("t", LogLevel::kError, LogFormat::kText, false);
  log.AddSecret("p@ss/w:rd");
  log.AddSecret("KEY0");
  log.AddSecret("KEY0LONGER");
  EXPECT_EQ(log.Redact("redis://u:p@ss/w:rd@h and p%40ss%2Fw%3Ard"), "redis://u:***@h and ***");
  EXPECT_EQ(log.Redact("KEY0KEY0 KEY0LONGER"), "****** ***") << "the longest first";
  EXPECT_EQ(log.Redact("nothing"), "nothing");
}

TEST(RedactTest, ASecretOfStarsComesToAnEnd) {
  Log log("t", LogLevel::kError, LogFormat::kText, false);
  log.AddSecret("****");
  EXPECT_EQ(log.Redact("*********"), "*******");
}

TEST(RedactTest, ShortSecretsWouldMangleEveryLine) {
  Log log("t", LogLevel::kError, LogFormat::kText, false);
  log.AddSecret("");
  log.AddSecret("abc");
  EXPECT_EQ(log.Redact("abc"), "abc");
}

TEST(RedactTest, LogLinesAreRedacted) {
  EXPECT_THAT(Logged(LogLevel::kDebug, LogFormat::kText,
                     [](Log& log) {
                       log.AddSecret("hunter2");
                       log.Debug("GET ?key=hunter2");
                     }),
              Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace steamflow
