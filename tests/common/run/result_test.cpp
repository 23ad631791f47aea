#include "result.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include "json_document.h"
#include "version.h"

namespace steamflow {
namespace {

constexpr std::size_t kLongest = 48 * 1024;

ResultHead Head(ExitCode code = ExitCode::kSuccess, const std::string& error = "") {
  ResultHead head;
  head.task = "steam-recently-played-games";
  head.run = {
      "steam_get_recently_played_games",    "fetch", "scheduled__2026-11-22T22:34:00+00:00", 1, -1,
      *ParseInstant("2026-11-22T22:34:00Z")};
  head.exit_code = code;
  head.error = error;
  head.elapsed_seconds = 0.4124;
  return head;
}

Result FullResult() {
  Result result;
  result.source = SourceResult{64, 1, {40, 9, 12, 39, 0}};
  result.sink = SinkResult{"kafka", "rct_plyd_games", 212, 212, 70112, 0};
  result.cursors.push_back({"last_steam_id", "76561197960499900", "76561197960499800", true});
  return result;
}

// Returns the line as JSON, after the checks that hold for every line.
simdjson::dom::element Parse(simdjson::dom::parser& parser, const std::string& line) {
  EXPECT_LE(line.size() + 1, kLongest);  // including its newline
  for (const char c : line) EXPECT_GE(static_cast<unsigned char>(c), 0x20);
  return parser.parse(line);
}

TEST(FormatResultTest, IsTheLineOfTheContract) {
  EXPECT_EQ(
      FormatResult(Head(), FullResult()),
      R"({"task":"steam-recently-played-games","version":")" + std::string(kVersion) +
          R"(","status":"success","exit_code":0,"retryable":false,)"
          R"("run":{"dag_id":"steam_get_recently_played_games","task_id":"fetch",)"
          R"("run_id":"scheduled__2026-11-22T22:34:00+00:00","try_number":1,"map_index":-1,)"
          R"("logical_date":"2026-11-22T22:34:00Z"},)"
          R"("source":{"requests":64,"retries":1,)"
          R"("items":{"ok":40,"empty":9,"withheld":12,"absent":39,"rejected":0}},)"
          R"("kafka":{"topic":"rct_plyd_games","records":212,"acknowledged":212,"bytes":70112,)"
          R"("dead_letters":0},"cursors":[{"key":"last_steam_id","from":"76561197960499900",)"
          R"("to":"76561197960499800","advanced":true}],"error":null,"elapsed_seconds":0.412})");
}

TEST(FormatResultTest, SectionsThatDoNotApplyAreLeftOut) {
  const std::string line = FormatResult(Head(ExitCode::kUsage, "no such flag"), {});
  for (const char* name : {"\"source\"", "\"kafka\"", "\"sink\"", "\"cursors\""}) {
    EXPECT_EQ(line.find(name), std::string::npos) << name;
  }
  EXPECT_NE(line.find(R"("error":{"kind":"usage","message":"no such flag"})"), std::string::npos);
}

TEST(FormatResultTest, StatusErrorAndRetryFollowTheCode) {
  simdjson::dom::parser parser;
  auto line = Parse(parser, FormatResult(Head(ExitCode::kTransient, "later"), {}));
  EXPECT_EQ(std::string_view(line["status"]), "failed");
  EXPECT_EQ(std::int64_t(line["exit_code"]), 75);
  EXPECT_TRUE(bool(line["retryable"]));
  line = Parse(parser, FormatResult(Head(ExitCode::kSkipped, "no budget"), {}));
  EXPECT_EQ(std::string_view(line["status"]), "skipped");
  EXPECT_EQ(std::string_view(line.at_pointer("/error/kind")), "skipped");
  line = Parse(parser, FormatResult(Head(ExitCode::kOutput, "disk full"), {}));
  EXPECT_EQ(std::string_view(line.at_pointer("/error/kind")), "internal");
}

TEST(FormatResultTest, AnotherSinkStandsInPlaceOfKafka) {
  Result result;
  result.sink = SinkResult{"stdout", "steam_news", 212, 212, 70112, 0};
  const std::string line = FormatResult(Head(), result);
  EXPECT_NE(line.find(R"("sink":{"type":"stdout","records":212})"), std::string::npos);
  EXPECT_EQ(line.find("kafka"), std::string::npos);
}

TEST(FormatResultTest, ASinkHasItsTopics) {
  Result result;
  result.drain = DrainResult{
      {{"rct_plyd_games", 240, 6, 3}, {"steam_news", 0, 1, 0}}, "postgres", 230, 8, 2, {}};
  const std::string line = FormatResult(Head(), result);
  EXPECT_NE(line.find(R"("source":{"records":240,"topics":{)"
                      R"("rct_plyd_games":{"records":240,"partitions":6,"lag":3},)"
                      R"("steam_news":{"records":0,"partitions":1,"lag":0}}},)"
                      R"("sink":{"type":"postgres","inserted":230,"duplicates":8,)"
                      R"("dead_letters":2},"error":null)"),
            std::string::npos)
      << line;
}

TEST(FormatResultTest, AbsentValuesAreNull) {
  Result result;
  result.cursors.push_back({"news_seen:1", std::nullopt, "5", true});
  ResultHead head;
  head.task = "steam-news";
  const std::string line = FormatResult(head, result);
  EXPECT_NE(line.find(R"("run":{"dag_id":null,"task_id":null,"run_id":null,"try_number":null,)"
                      R"("map_index":-1,)"),
            std::string::npos)
      << line;
  EXPECT_NE(line.find(R"("from":null)"), std::string::npos);
}

TEST(FormatResultTest, StaysWithinItsLimitWhateverItIsGiven) {
  // One byte of each takes one, three, six or two bytes as JSON.
  for (const char filler : {'x', '\xFF', '\x01', '"'}) {
    const std::string huge(200'000, filler);
    Result result = FullResult();
    result.sink->topic = huge;
    for (int i = 0; i < 5'000; ++i) result.cursors.push_back({huge.substr(0, 50), "1", "2", true});
    result.lists = {{"brokers", std::vector<Json>(1'000, std::string(90, 'b'))}};
    result.sections = {{"topics", std::string(30'000, 'y')}, {"checks", std::string(30'000, 'z')}};
    ResultHead head = Head(ExitCode::kTransient, huge);
    head.run.dag_id = head.run.task_id = head.run.run_id = huge;
    simdjson::dom::parser parser;
    const auto line = Parse(parser, FormatResult(head, result));
    const std::size_t shown = simdjson::dom::array(line["cursors"]).size();
    EXPECT_GT(shown, 20U);
    EXPECT_EQ(shown + std::uint64_t(line["cursors_omitted"]), 5'001U);
    EXPECT_FALSE(std::string_view(line.at_pointer("/error/message")).empty());
    EXPECT_EQ(std::uint64_t(line.at_pointer("/kafka/records")), 212U);
  }
}

TEST(FormatResultTest, ALongErrorIsCutBetweenCharacters) {
  for (std::size_t before = 0; before < 3; ++before) {
    std::string error(before, 'a');
    while (error.size() < 100'000) error += "\xEB\xAA\xAC";  // 몬
    simdjson::dom::parser parser;
    const auto line = Parse(parser, FormatResult(Head(ExitCode::kData, error), {}));
    const std::string_view message = line.at_pointer("/error/message");
    EXPECT_GT(message.size(), 1000U);
    EXPECT_EQ(message.substr(message.size() - 3), "...");
    EXPECT_EQ(message.find("\xEF\xBF\xBD"), std::string_view::npos)
        << "a character was cut in half";
  }
}

TEST(FormatResultTest, ShortListsAndSectionsAreShownWhole) {
  Result result = FullResult();
  for (int i = 0; i < 99; ++i) {
    result.cursors.push_back({"news_seen:1623730", "1795386840", "1795386841", true});
  }
  result.lists = {{"topics", {std::string(100, '1')}}};
  simdjson::dom::parser parser;
  const std::string line = FormatResult(Head(), result);
  EXPECT_EQ(line.find("cursors_omitted"), std::string::npos);
  EXPECT_NE(line.find("\"topics\":[\"111"), std::string::npos);
}

}  // namespace
}  // namespace steamflow
