#include "flags.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>

#include "json_document.h"
#include "task_error.h"

namespace steamflow {
namespace {

class FlagsTest : public ::testing::Test {
 protected:
  // Returns the error of the command line, or an empty string if it is valid.
  std::string Refusal(std::vector<const char*> words) {
    words.insert(words.begin(), "name");
    try {
      goes_on_ = flags_.Parse(static_cast<int>(words.size()), words.data());
      return "";
    } catch (const TaskError& error) {
      EXPECT_EQ(error.code(), ExitCode::kUsage);
      return error.what();
    }
  }
  std::string Help() {
    testing::internal::CaptureStdout();
    EXPECT_EQ(Refusal({"--help"}), "");
    EXPECT_FALSE(goes_on_);
    return testing::internal::GetCapturedStdout();
  }

  const Flags flags_{"name", "about", "name --flag", [] { return std::string("footer"); },
                     "name 1.2"};
  bool goes_on_ = true;
};

TEST_F(FlagsTest, SetValuesOfEachType) {
  bool flag = false;
  int number = 1;
  std::optional<std::uint64_t> none;
  std::optional<double> rate;
  std::string text = "default";
  std::vector<std::string> words{"default"};
  flags_.Add("--flag", flag, "");
  flags_.Add("--number", number, "");
  flags_.Add("--none", none, "");
  flags_.Add("--rate", rate, "");
  flags_.Add("--text", text, "");
  flags_.Add("--word", words, "");
  EXPECT_EQ(Refusal({"--flag", "--number", "-2", "--rate=0.5", "--word", "a", "--word", "b"}), "");
  EXPECT_TRUE(goes_on_);
  EXPECT_TRUE(flag);
  EXPECT_EQ(number, -2);
  EXPECT_FALSE(none);
  EXPECT_EQ(rate, 0.5);
  EXPECT_EQ(text, "default");
  EXPECT_EQ(words, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(flags_.TextOf("--word"), "b");
  EXPECT_EQ(flags_.TextOf("--text"), "");
  EXPECT_EQ(flags_.TextOf("--other"), "");
  EXPECT_NE(Refusal({"--word", "a", "b"}).find("b"), std::string::npos)
      << "a flag takes one word each time";
}

TEST_F(FlagsTest, RefuseWhatIsNotAllowed) {
  int number = 1;
  std::string text;
  bool flag = false;
  flags_.Add("--number", number, "").Range(1, 9);
  const Flag word = flags_.Add("--word", text, "").OneOf({"a", "b"}).Check([](const auto& given) {
    return given == "b" ? "not today" : "";
  });
  flags_.Add("--flag", flag, "").Excludes(word);
  EXPECT_EQ(Refusal({"--number", "9", "--word", "a"}), "");
  EXPECT_NE(Refusal({"--number", "10"}).find("--number"), std::string::npos);
  EXPECT_NE(Refusal({"--number", "x"}).find("--number"), std::string::npos);
  EXPECT_NE(Refusal({"--word", "b"}).find("not today"), std::string::npos);
  EXPECT_NE(Refusal({"--word", "c"}).find("--word"), std::string::npos);
  EXPECT_NE(Refusal({"--word", "a", "--flag"}).find("--flag"), std::string::npos);
  EXPECT_NE(Refusal({"--word", "a", "--word", "a"}).find("--word"), std::string::npos) << "twice";
  EXPECT_NE(Refusal({"--other"}).find("--other"), std::string::npos);
}

TEST_F(FlagsTest, AreInTheHelpUnderTheirHeadings) {
  int number = 42;
  int zero = 0;
  std::string empty;
  flags_.Under("Numbers").Add("--number", number, "what it counts").Range(1, 99);
  flags_.Add("--zero", zero, "of nothing");
  flags_.Add("--empty", empty, "of nobody");
  std::string read;
  flags_.Add("--read", read, "from elsewhere").Default("at home").Environment("READ");
  flags_.AddVariable("SECRET", "the secret");
  const std::string help = Help();
  const auto at = [&](const std::string& text) {
    EXPECT_NE(help.find(text), std::string::npos) << text << "\n" << help;
    return help.find(text);
  };
  EXPECT_LT(at("about"), at("--zero"));
  EXPECT_LT(at("Numbers:"), at("--number"));
  EXPECT_LT(at("[1 - 99]"), at("42"));
  EXPECT_LT(at("what it counts"), at("footer"));
  EXPECT_LT(at("--read"), at("at home"));
  EXPECT_LT(at("from elsewhere [env: READ]"), at("Environment:\n  SECRET"));
  EXPECT_LT(at("the secret\n"), at("Example:\n  name --flag\n\nfooter"));
  for (const char* name : {"--zero", "--empty"}) {
    const std::string line = help.substr(at(name), help.find('\n', at(name)) - at(name));
    EXPECT_EQ(line.find_first_of("=["), std::string::npos) << line;
  }
}

TEST_F(FlagsTest, DescribeThemselves) {
  bool flag = true;
  std::uint64_t largest = 42;
  double rate = 0.5;
  std::optional<double> none;
  std::string word = "a";
  std::string zone;
  std::vector<std::string> topics{"one", "two"};
  const Flags own = flags_.Under("Own");
  own.Add("--number", largest, "a number").Range(std::uint64_t{1}, UINT64_MAX);
  own.Add("--rate", rate, "a rate").Range(0.1, 9.5);
  own.Add("--none", none, "no number");
  const Flag words = own.Add("--word", word, "a word").OneOf({"a", "b"});
  own.Add("--zone", zone, "a zone").Format("path").Default("/usr").Environment("ZONE");
  flags_.Add("--topic", topics, "a topic").Format("topic");
  flags_.Add("--flag", flag, "a flag").Excludes(words);
  flags_.AddVariable("SECRET", "the secret");
  flags_.AddTopic("three");
  const Json described = flags_.Describe();
  EXPECT_EQ(
      FormatJson(described),
      R"({"description":"about","example":"name --flag","options":[)"
      R"({"name":"--help","group":"Options","description":"Print this help message and exit",)"
      R"("schema":{"type":"boolean"}},)"
      R"({"name":"--version","group":"Options",)"
      R"("description":"Display program version information and exit",)"
      R"("schema":{"type":"boolean"}},)"
      R"({"name":"--number","group":"Own","description":"a number",)"
      R"("schema":{"type":"integer","minimum":1,"maximum":18446744073709551615,"default":42}},)"
      R"({"name":"--rate","group":"Own","description":"a rate",)"
      R"("schema":{"type":"number","minimum":0.1,"maximum":9.5,"default":0.5}},)"
      R"({"name":"--none","group":"Own","description":"no number","schema":{"type":"number"}},)"
      R"({"name":"--word","group":"Own","description":"a word",)"
      R"("schema":{"type":"string","enum":["a","b"],"default":"a"},"excludes":["--flag"]},)"
      R"({"name":"--zone","group":"Own","description":"a zone",)"
      R"("schema":{"type":"string","format":"path","default":"/usr"},"environment":"ZONE"},)"
      R"({"name":"--topic","group":"Options","description":"a topic",)"
      R"("schema":{"type":"array","items":{"type":"string","format":"topic"},)"
      R"("default":["one","two"]}},)"
      R"({"name":"--flag","group":"Options","description":"a flag",)"
      R"("schema":{"type":"boolean","default":true},"excludes":["--word"]}],)"
      R"("variables":[{"name":"SECRET","description":"the secret"}],"topics":["three"]})");
}

TEST_F(FlagsTest, PrintTheVersion) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(Refusal({"--version"}), "");
  EXPECT_FALSE(goes_on_);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "name 1.2\n");
}

}  // namespace
}  // namespace steamflow
