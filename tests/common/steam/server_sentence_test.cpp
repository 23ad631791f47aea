#include "server_sentence.h"

#include <gtest/gtest.h>

namespace steamflow {
namespace {

TEST(ServerSentenceTest, IsWhatThePageShows) {
  EXPECT_EQ(ServerSentence("<html><head><title>Error</title></head><body>\n<h1>Internal Server "
                           "Error</h1>Come  back\tlater.</body></html>"),
            " (Internal Server Error Come back later.)");
  EXPECT_EQ(ServerSentence(" <p>a<script>let x = 1;</script> b"), " (a b)");
  EXPECT_EQ(ServerSentence("<p>cut <b"), " (cut)");
  EXPECT_EQ(ServerSentence("<head><title>cut"), " (cut)");
  EXPECT_EQ(ServerSentence("upstream connect error\r\n"), " (upstream connect error)");
  EXPECT_EQ(ServerSentence(R"({"error": "a < b"})"), R"( ({"error": "a < b"}))");
}

TEST(ServerSentenceTest, NothingSaidIsNothing) {
  for (const char* body : {"", " \n", "<html></html>", "{}", "<"}) {
    EXPECT_EQ(ServerSentence(body), "") << body;
  }
}

TEST(ServerSentenceTest, IsCutBetweenCharacters) {
  std::string body;
  for (int i = 0; i < 100; ++i) body += "점검";
  const std::string sentence = ServerSentence(body);
  EXPECT_EQ(sentence, " (" + body.substr(0, 198) + "...)");
}

TEST(IsHtmlTest, LooksAtTheFirstCharacter) {
  EXPECT_TRUE(IsHtml("\r\n <!DOCTYPE html>"));
  EXPECT_FALSE(IsHtml("{}"));
  EXPECT_FALSE(IsHtml(""));
}

}  // namespace
}  // namespace steamflow
