#include "acknowledged_counts.h"

#include <gtest/gtest.h>

#include <fstream>

#include "test_run.h"

namespace steamflow::test {
namespace {

constexpr char kResult[] =
    R"({"task":"steam-news","version":"1","status":"success","run":{"dag_id":"d","run_id":"r1"},)"
    R"("kafka":{"topic":"steam_news","records":30,"acknowledged":29,"bytes":1,"dead_letters":0}})";

// Returns the counts as "topic run records", one after the other, or the error.
std::string Parsed(const std::string& text) {
  const auto list = ParseAcknowledged(text);
  if (!list) return list.error();
  std::string out;
  for (const Acknowledged& said : *list) {
    out += said.topic + " " + said.run_id + " " + std::to_string(said.records) + "; ";
  }
  return out;
}

TEST(Acknowledged, LinesOrAnArrayOfEntries) {
  const std::string first = R"({"topic":"t","run_id":"r","acknowledged":7})";
  const std::string second = R"({"acknowledged":0,"run_id":"s","topic":"u"})";
  EXPECT_EQ(Parsed(first), "t r 7; ");
  EXPECT_EQ(Parsed(first + "\n\n " + second + "\n"), "t r 7; u s 0; ");
  EXPECT_EQ(Parsed(" [" + first + ",\n" + second + "]\n"), "t r 7; u s 0; ");
  EXPECT_EQ(Parsed(""), "");
  EXPECT_EQ(Parsed("[]"), "");
}

TEST(Acknowledged, ResultLinesOfTasks) {
  EXPECT_EQ(Parsed(kResult), "steam_news r1 29; ");
  EXPECT_EQ(Parsed(std::string("[null,") + kResult + "]"), "steam_news r1 29; ");
  EXPECT_EQ(Parsed(R"({"task":"steam-news","run":{"run_id":"r"},"sink":{"type":"stdout"}})"), "")
      << "the result has no counts of Kafka";
  EXPECT_EQ(Parsed(R"({"task":"x","run":{"run_id":null},"kafka":{"topic":"t","acknowledged":1}})"),
            "t  1; ")
      << "a person at a shell has no run id";
}

TEST(Acknowledged, AnythingElseIsAnErrorThatNamesTheEntry) {
  const std::string good = R"({"topic":"t","run_id":"r","acknowledged":7})";
  for (const char* bad :
       {"{", "7", R"("{}")", R"({})", R"({"topic":"t","run_id":"r"})",
        R"({"topic":"t","run_id":"r","acknowledged":-1})",
        R"({"topic":"t","run_id":"r","acknowledged":1.5})",
        R"({"topic":"t","run_id":"r","acknowledged":"7"})", R"({"run_id":"r","acknowledged":7})"}) {
    const std::string message = Parsed(good + "\n" + bad);
    EXPECT_EQ(message.find("entry 2: "), 0u) << bad << ": " << message;
  }
  EXPECT_EQ(Parsed("[" + good + R"(,"{}"])").find("entry 2: "), 0u);
  EXPECT_EQ(Parsed("[" + good).find("not valid JSON"), 0u) << Parsed("[" + good);
}

TEST(Acknowledged, AFileGoesBeforeTheVariable) {
  const TestRun run;
  const ScopedFolder folder;
  const std::string file = folder.File("acknowledged");
  const auto read = [&](const std::string& name) {
    return ReadAcknowledged(name, {"t", "steam_news"}, run.stop());
  };
  const ScopedEnvironment unset("STEAMFLOW_ACKNOWLEDGED", std::nullopt);
  EXPECT_FALSE(read(""));
  const ScopedEnvironment variable("STEAMFLOW_ACKNOWLEDGED", kResult);
  ASSERT_EQ(read("").value().size(), 1u);
  EXPECT_EQ(read("").value()[0].records, 29u);
  std::ofstream(file) << R"({"topic":"t","run_id":"r","acknowledged":7})";
  EXPECT_EQ(read(file).value()[0].records, 7u);
  std::ofstream(file, std::ios::trunc) << "";
  EXPECT_EQ(read(file).value().size(), 0u) << "an empty list differs from no list";
}

TEST(Acknowledged, AFlagsFaultIsUsageAndTheVariablesConfiguration) {
  const TestRun run;
  const ScopedFolder folder;
  const std::string file = folder.File("acknowledged");
  std::string message;
  const auto code = [&](const std::string& name) {
    return CodeOf([&] { ReadAcknowledged(name, {"t"}, run.stop()); }, &message);
  };
  EXPECT_EQ(code("/nowhere/at/all"), ExitCode::kUsage);
  EXPECT_NE(message.find("--acknowledged /nowhere/at/all"), std::string::npos) << message;
  std::ofstream(file) << "what?";
  EXPECT_EQ(code(file), ExitCode::kUsage);
  const ScopedEnvironment broken("STEAMFLOW_ACKNOWLEDGED", "what?");
  EXPECT_EQ(code(""), ExitCode::kConfig);
  EXPECT_NE(message.find("STEAMFLOW_ACKNOWLEDGED"), std::string::npos) << message;
  const ScopedEnvironment other("STEAMFLOW_ACKNOWLEDGED", kResult);
  EXPECT_EQ(code(""), ExitCode::kConfig) << "counts of another topic are never ignored";
  EXPECT_NE(message.find("'steam_news'"), std::string::npos) << message;
}

}  // namespace
}  // namespace steamflow::test
