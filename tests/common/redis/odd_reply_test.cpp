// A server that responds unlike any Redis: a proxy, a script, or a command that was replaced.

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>

#include "call_budget.h"
#include "key_store.h"
#include "news_window.h"
#include "redis_client.h"
#include "test_run.h"

namespace steamflow {
namespace {

using test::CodeOf;
using test::TestRun;
using testing::HasSubstr;

// Accepts one connection. It responds to the login as a Redis would, and to everything after it
// with `reply`.
class OddRedis {
 public:
  explicit OddRedis(std::string reply) : reply_(std::move(reply)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, any, size) != 0 || ::listen(listener_, 1) != 0 ||
        ::getsockname(listener_, any, &size) != 0) {
      throw std::runtime_error("no port on loopback");
    }
    settings_.host = "127.0.0.1";
    settings_.port = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~OddRedis() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  OddRedis(const OddRedis&) = delete;
  OddRedis& operator=(const OddRedis&) = delete;

  const RedisSettings& settings() const { return settings_; }

 private:
  void Serve() {
    const int client = ::accept(listener_, nullptr, nullptr);
    std::array<char, 65536> buffer;
    std::string login;
    for (;;) {
      const auto got = ::read(client, buffer.data(), buffer.size());
      if (got <= 0) break;
      const bool was_login = login.find("HGETALL") == std::string::npos;
      if (was_login) login.append(buffer.data(), static_cast<std::size_t>(got));
      if (was_login && login.find("$3\r\nSET\r\n") == std::string::npos) continue;
      const std::string reply = was_login ? "$0\r\n\r\n*0\r\n" : reply_;
      if (::write(client, reply.data(), reply.size()) < 0) break;
    }
    ::close(client);
  }

  const std::string reply_;
  int listener_ = -1;
  RedisSettings settings_;
  std::thread thread_;
};

class OddReply : public testing::TestWithParam<const char*> {
 protected:
  // Runs code that uses Redis and expects that it rejects the reply and names the key.
  template <typename Use>
  void ExpectRefused(const char* key, Use use) {
    const TestRun test;
    const OddRedis server(GetParam());
    RedisClient client(server.settings(), test.stop());
    std::string message;
    EXPECT_EQ(CodeOf([&] { use(client); }, &message), ExitCode::kConfig) << key;
    EXPECT_THAT(message, HasSubstr(key));
    EXPECT_THAT(message, HasSubstr("127.0.0.1:"));
  }
};

TEST_P(OddReply, IsNoStateOfAWalk) {
  ExpectRefused("last_steam_id", [](RedisClient& client) {
    RedisKeyStore(client).Read({"last_steam_id", "last_steam_id:pass"}, "last_steam_id:failures");
  });
}

TEST_P(OddReply, IsNoWriteOfAWalk) {
  ExpectRefused("last_steam_id", [](RedisClient& client) {
    RedisKeyStore(client).Write({.expected = {{"last_steam_id", "1"}}, .wanted = {}});
  });
}

TEST_P(OddReply, IsNoWindowOfNews) {
  ExpectRefused("news_seen:7",
                [](RedisClient& client) { NewsWindowIn(client, "news_seen:7").read(); });
  ExpectRefused("news_seen:7", [](RedisClient& client) {
    NewsWindowIn(client, "news_seen:7").replace({}, {{"since", "0"}});
  });
}

TEST_P(OddReply, IsNoCallBudget) {
  ExpectRefused("steam_calls:",
                [](RedisClient& client) { CallBudget(client, "key", 100).Take(10); });
}

INSTANTIATE_TEST_SUITE_P(All, OddReply,
                         testing::Values(":-7\r\n", ":7\r\n", "$-1\r\n", "*-1\r\n", "+OK\r\n",
                                         "$2\r\nno\r\n", "*1\r\n:1\r\n", "*2\r\n:-1\r\n:5\r\n",
                                         "*2\r\n:11\r\n:5\r\n", "*3\r\n*0\r\n$1\r\na\r\n*0\r\n",
                                         "*3\r\n$1\r\na\r\n$1\r\na\r\n:3\r\n",
                                         "*3\r\n$1\r\na\r\n$1\r\na\r\n*1\r\n$1\r\na\r\n",
                                         "*3\r\n$1\r\na\r\n-ERR unknown command 'GET'\r\n*0\r\n"));

}  // namespace
}  // namespace steamflow
