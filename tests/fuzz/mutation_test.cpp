// Checks the invariants of the fuzz targets with mutations of their corpus. libFuzzer does this for
// a minute with coverage; this test does it for a moment in every run of the tests, with any
// compiler.

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "file_io.h"
#include "invariants.h"

namespace steamflow::fuzz {
namespace {

constexpr int kMutationsPerFile = 400;

struct Target {
  const char* corpus;
  void (*check)(std::string_view bytes);
};

void PrintTo(const Target& target, std::ostream* out) {
  *out << target.corpus;
}

// Pieces that often break parsers.
constexpr std::string_view kPieces[] = {"\"",
                                        "\\",
                                        "{",
                                        "}",
                                        "[",
                                        "]",
                                        ":",
                                        ",",
                                        "null",
                                        "1e999",
                                        "-",
                                        "\\u0000",
                                        "\\ud800",
                                        "\xFF",
                                        std::string_view("\0", 1),
                                        "\n",
                                        "\"a\":",
                                        "0",
                                        "18446744073709551616",
                                        "%",
                                        "@",
                                        "//",
                                        "\xEF\xBB\xBF"};

void Mutate(std::string& text, std::mt19937& random) {
  const std::size_t at = random() % (text.size() + 1);
  const std::size_t length = random() % 8;
  switch (random() % 6) {
    case 0:
      if (at < text.size()) text[at] = static_cast<char>(random());
      break;
    case 1:
      if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << random() % 8));
      break;
    case 2:
      text.erase(at, length);
      break;
    case 3:
      text.insert(at, kPieces[random() % std::size(kPieces)]);
      break;
    case 4:
      text.resize(at);
      break;
    default:
      text.insert(random() % (text.size() + 1), text.substr(at, length * 4));
  }
}

class MutationTest : public testing::TestWithParam<Target> {};

TEST_P(MutationTest, InvariantsHold) {
  std::mt19937 random(5);
  std::size_t files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(FUZZ_CORPUS) + "/" + GetParam().corpus)) {
    ++files;
    const std::string original = ReadFile(entry.path()).value();
    for (int round = 0; round <= kMutationsPerFile; ++round) {
      std::string text = original;
      for (int i = 0; i < round && (i == 0 || random() % 3 > 0); ++i) Mutate(text, random);
      ASSERT_NO_THROW(GetParam().check(text)) << testing::PrintToString(text);
    }
  }
  EXPECT_GT(files, 3U) << "the corpus is missing";
}

INSTANTIATE_TEST_SUITE_P(
    , MutationTest,
    testing::Values(Target{"steam-players", CheckPlayers}, Target{"steam-games", CheckRecentGames},
                    Target{"steam-news", CheckNews}, Target{"steam-player-count", CheckPlayerCount},
                    Target{"connection", CheckConnection}, Target{"instant", CheckInstant},
                    Target{"json-text", CheckJsonText}, Target{"topics", CheckTopics},
                    Target{"games-variable", CheckSteamGames},
                    Target{"consumed-record", CheckConsumedRecord},
                    Target{"supervisor-frames", CheckSupervisorFrames},
                    Target{"traceparent", CheckTraceparent},
                    Target{"bulk-response", CheckBulkResponse}),
    [](const auto& test) {
      std::string name = test.param.corpus;
      for (char& c : name) c = c == '-' ? '_' : c;
      return name;
    });

}  // namespace
}  // namespace steamflow::fuzz
