// A run's memory does not grow with its work.

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "task_fixture.h"

namespace steamflow::test {
namespace {

constexpr long kMost = 40 * 1024;  // KiB

// A server that sends the same long body in response to every request: an object followed by
// blanks. Each connection has a thread.
class LongAnswers {
 public:
  LongAnswers(std::string object, std::size_t size)
      : object_(std::move(object)), size_(size), listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_, generic, length) != 0 || listen(listener_, 128) != 0 ||
        getsockname(listener_, generic, &length) != 0) {
      throw std::runtime_error("no port on loopback");
    }
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    acceptor_ = std::thread([this] {
      for (int client = 0; (client = accept(listener_, nullptr, nullptr)) >= 0;) {
        clients_.emplace_back([this, client] { Serve(client); });
      }
    });
  }
  ~LongAnswers() {
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    for (std::thread& client : clients_) client.join();
    close(listener_);
  }

  const std::string& url() const { return url_; }

 private:
  static bool SendAll(int client, std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  bool Respond(int client) {
    const std::string head =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
        std::to_string(size_) + "\r\n\r\n" + object_;
    if (!SendAll(client, head)) return false;
    const std::string blanks(64 * 1024, ' ');
    for (std::size_t left = size_ - object_.size(); left > 0;) {
      const std::size_t part = std::min(left, blanks.size());
      if (!SendAll(client, std::string_view(blanks).substr(0, part))) return false;
      left -= part;
    }
    return true;
  }

  void Serve(int client) {
    std::string request;
    char buffer[4096];
    for (ssize_t got = 0; (got = recv(client, buffer, sizeof buffer, 0)) > 0;) {
      request.append(buffer, static_cast<std::size_t>(got));
      if (!request.ends_with("\r\n\r\n")) continue;
      request.clear();
      if (!Respond(client)) break;
    }
    close(client);
  }

  const std::string object_;
  const std::size_t size_;
  const int listener_;
  std::string url_;
  std::vector<std::thread> clients_;
  std::thread acceptor_;
};

class Memory : public TaskTest {
 protected:
  Memory() : TaskTest({"--every-player"}) {
    environment_["AIRFLOW_VAR_STEAM_DAILY_CALL_BUDGET"] = "1000000";
  }

  long PeakOf(const char* task, int ids) {
    redis_.Command({"FLUSHALL"});
    const Ended run =
        Run({task, "--count", std::to_string(ids), "--start-id", "76561198000000000"});
    EXPECT_EQ(run.exit_code, 0) << run.out;
    EXPECT_GE(run.Result().Number("/kafka/acknowledged"), ids);
    return run.peak_rss_kib;
  }

  static void ExpectFlat(long once, long many_times) {
    EXPECT_LT(static_cast<double>(many_times), 1.2 * static_cast<double>(once));
    EXPECT_LT(many_times, kMost);
  }
};

TEST_F(Memory, OfPlayerSummariesIsFlat) {
  ExpectFlat(PeakOf(kPlayersTask, 2000), PeakOf(kPlayersTask, 200'000));
}

// The long responses, with a hundred profiles each, come between thousands of short ones.
TEST_F(Memory, OfRecentlyPlayedGamesIsFlat) {
  ExpectFlat(PeakOf(kGamesTask, 1000), PeakOf(kGamesTask, 20'000));
}

// A hundred parallel responses of 12 MB would take more than a gigabyte.
TEST_F(Memory, OfLongAnswersIsBoundedAndNoneIsLost) {
  const LongAnswers server(R"({"response":{"players":[]}})", 12'000'000);
  environment_["AIRFLOW_VAR_STEAM_API_URL"] = server.url();
  const Ended run = Run({kPlayersTask, "--count", "10000", "--start-id", "76561198000000000"});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(run.Result().Number("/source/items/absent"), 10'000);
  EXPECT_EQ(run.Result().Number("/source/retries"), 0);
  EXPECT_EQ(redis_.Get("last_user_id"), ToText(76561198000000000 - 10'000));
  EXPECT_LT(run.peak_rss_kib, 150 * 1024);
}

// Such a body is received while no other is in flight.
TEST_F(Memory, AnAnswerLongerThanAllThatMayBeInFlightIsTaken) {
  const LongAnswers server(R"({"response":{"players":[]}})", 12'000'000);
  environment_["AIRFLOW_VAR_STEAM_API_URL"] = server.url();
  const Ended run = Run({kPlayersTask, "--count", "500", "--start-id", "76561198000000000",
                         "--max-bytes-in-flight", "1000000"});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(run.Result().Number("/source/items/absent"), 500);
  EXPECT_LT(run.peak_rss_kib, 80 * 1024);
}

// A MiB of gzip that expands to a gigabyte is stopped at the limit for a body.
TEST_F(Memory, OfAGzipBombIsBounded) {
  Fault(R"({"kind":"gzip_bomb","times":-1})");
  const Ended run = Run({kPlayersTask, "--retries", "1"});
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_LT(run.peak_rss_kib, 128 * 1024);
}

}  // namespace
}  // namespace steamflow::test
