#include "redis_client.h"

#include <gmock/gmock.h>

#include <csignal>

#include "redis_fixture.h"

namespace steamflow {
namespace {

using test::CodeOf;
using test::RedisServer;
using test::RedisTest;
using test::ScopedEnvironment;
using test::TestRun;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

using RedisClientTest = RedisTest;

TEST_F(RedisClientTest, ConvertsEveryKindOfReply) {
  EXPECT_EQ(client_.Command({"SET", "k", std::string_view("a\0b", 3)}).Text(), "OK");
  EXPECT_EQ(client_.Command({"GET", "k"}).OptionalText(), std::string("a\0b", 3));
  EXPECT_FALSE(client_.Command({"GET", "absent"}).OptionalText());
  EXPECT_EQ(client_.Command({"INCR", "n"}).Integer(), 1);
  EXPECT_EQ(client_.Command({"INCR", "n"}).Integer(), 2);
  const RedisReply reply = client_.Eval("return {KEYS[1], ARGV[1], 7, false}", {"k"}, {"v"});
  const auto& elements = reply.Array(4);
  EXPECT_EQ(elements[0].Text(), "k");
  EXPECT_EQ(elements[1].Text(), "v");
  EXPECT_EQ(elements[2].Integer(), 7);
  EXPECT_FALSE(elements[3].OptionalText());
  EXPECT_THAT(client_.Eval("return {'a', 'b'}", {}, {}).Fields(), ElementsAre(Pair("a", "b")));
}

TEST_F(RedisClientTest, ErrorsHaveTheirCodes) {
  server_.Command({"RPUSH", "list", "x"});
  server_.Set("text", "x");
  EXPECT_EQ(CodeOf([&] { client_.Command({"GET", "list"}); }), ExitCode::kData);
  EXPECT_EQ(CodeOf([&] { client_.Command({"HGETALL", "text"}); }), ExitCode::kData);
  EXPECT_EQ(CodeOf([&] { client_.Command({"INCR", "text"}); }), ExitCode::kData);
  EXPECT_EQ(CodeOf([&] { client_.Eval("return redis.call('GET', 'list')", {}, {}); }),
            ExitCode::kData);
  EXPECT_EQ(client_.Command({"GET", "text"}).Text(), "x") << "the connection is still good";
}

TEST(RedisLoginTest, ARefusedLoginIsAuth) {
  const RedisServer locked("hunter2");
  // Created after the server, which must not inherit its signal mask.
  const TestRun test;
  RedisSettings settings;
  settings.host = "127.0.0.1";
  settings.port = locked.port();
  std::string message;
  {
    RedisClient client(settings, test.stop());
    EXPECT_EQ(CodeOf([&] { client.Command({"PING"}); }), ExitCode::kAuth)
        << "the password is missing";
  }
  settings.password = "hunter3";
  {
    RedisClient client(settings, test.stop());
    EXPECT_EQ(CodeOf([&] { client.Command({"PING"}); }, &message), ExitCode::kAuth);
    EXPECT_THAT(message, Not(HasSubstr("hunter")));
  }
  settings.password = "hunter2";
  RedisClient client(settings, test.stop());
  EXPECT_EQ(client.Command({"PING"}).Text(), "PONG");
}

TEST_F(RedisClientTest, AUserWithoutAPasswordIsNotTheDefaultUser) {
  server_.Command({"ACL", "SETUSER", "guest", "on", "nopass", "+@all"});
  RedisSettings settings = Settings();
  settings.user = "guest";
  RedisClient client(settings, test_.stop());
  EXPECT_EQ(client.Command({"ACL", "WHOAMI"}).Text(), "guest");
}

TEST_F(RedisClientTest, UsesItsDatabaseOrNone) {
  RedisSettings settings = Settings();
  settings.db = 3;
  RedisClient third(settings, test_.stop());
  third.Command({"SET", "k", "v"});
  EXPECT_FALSE(client_.Command({"GET", "k"}).OptionalText());
  settings.db = 9'999;
  RedisClient none(settings, test_.stop());
  for (int attempt = 0; attempt < 2; ++attempt) {
    EXPECT_EQ(CodeOf([&] { none.Command({"SET", "stray", "v"}); }), ExitCode::kConfig) << attempt;
  }
  EXPECT_FALSE(server_.Get("stray")) << "the client must use the requested database only";
}

TEST_F(RedisClientTest, ConnectsAgainAfterTheServerWasAway) {
  client_.Command({"SET", "k", "v"});
  server_.Command({"CLIENT", "KILL", "TYPE", "normal"});  // SKIPME is the default
  EXPECT_EQ(CodeOf([&] { client_.Command({"GET", "k"}); }), ExitCode::kTransient);
  EXPECT_EQ(client_.Command({"GET", "k"}).Text(), "v");
}

TEST_F(RedisClientTest, AServerThatIsNotThereIsTransient) {
  RedisSettings settings = Settings();
  settings.port = 1;
  RedisClient client(settings, test_.stop());
  std::string message;
  EXPECT_EQ(CodeOf([&] { client.Command({"PING"}); }, &message), ExitCode::kTransient);
  EXPECT_THAT(message, HasSubstr("127.0.0.1:1"));
  EXPECT_EQ(client.Address(), "127.0.0.1:1");
}

TEST_F(RedisClientTest, AFrozenServerIsWaitedForUntilTheDeadlineAtMost) {
  server_.process().Send(SIGSTOP);
  const TestRun short_run(std::chrono::milliseconds(500));
  RedisClient client(Settings(), short_run.stop());
  std::string message;
  const auto started = Clock::now();
  EXPECT_EQ(CodeOf([&] { client.Command({"PING"}); }, &message), ExitCode::kTransient);
  server_.process().Send(SIGCONT);
  // Well below the 5 s that a command may take in a longer run.
  EXPECT_LT(Clock::now() - started, std::chrono::seconds(3));
  EXPECT_THAT(message, HasSubstr("no response in time"));
}

}  // namespace
}  // namespace steamflow
