#include "supervisor.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <thread>
#include <vector>

#include "file_io.h"

namespace airflow {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

std::string FromAirflow(const std::string& name) {
  return steamflow::ReadFile(FRAMES_FOLDER "/" + name).value();
}

// [id, body] as the supervisor writes it.
std::string Answer(std::int64_t id, const Json& body) {
  return FormatRequest(id, body).value();
}

// Listens where a supervisor would.
class Listener {
 public:
  Listener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    ::bind(socket_.fd(), generic, size);
    ::listen(socket_.fd(), 1);
    ::getsockname(socket_.fd(), generic, &size);
    address_ = fmt::format("127.0.0.1:{}", ntohs(address.sin_port));
  }
  const std::string& address() const { return address_; }
  Socket Accept() const { return Socket(::accept(socket_.fd(), nullptr, nullptr)); }

 private:
  Socket socket_;
  std::string address_;
};

// A supervisor's end, which says what the test wants it to say.
class SupervisorTest : public testing::Test {
 protected:
  void SetUp() override {
    auto connected = Connect("--comm=" + comm_.address(), "--logs=" + logs_.address());
    ASSERT_TRUE(connected) << connected.error();
    supervisor_.emplace(*std::move(connected));
    peer_ = comm_.Accept();
    peer_logs_ = logs_.Accept();
  }
  static tl::expected<Supervisor, std::string> Connect(const std::string& comm,
                                                       const std::string& logs) {
    const std::array<const char*, 3> argv = {"program", comm.c_str(), logs.c_str()};
    return Supervisor::Connect(3, argv.data());
  }
  void Say(const std::string& bytes) const {
    ASSERT_EQ(::send(peer_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  tl::expected<Json, Refusal> Ask(milliseconds timeout = milliseconds(5'000)) {
    return supervisor_->Ask(requests::GetVariable("STEAM_GAMES"), timeout);
  }
  // Returns the oldest request that was not read yet.
  Response Heard() const {
    std::array<char, 1000> buffer;
    const auto got = ::recv(peer_.fd(), buffer.data(), buffer.size(), 0);
    FrameReader reader;
    reader.Add({buffer.data(), static_cast<std::size_t>(got)});
    return reader.Next().value().value();
  }
  Listener comm_;
  Listener logs_;
  Socket peer_;
  Socket peer_logs_;
  std::optional<Supervisor> supervisor_;
};

TEST(SupervisorArgumentsTest, BothAddressesTellThatItStartedThis) {
  const std::array<const char*, 4> argv = {"program", "--comm=h:1", "--logs=h:2", "more"};
  EXPECT_TRUE(IsStartedBySupervisor(4, argv.data()));
  EXPECT_FALSE(IsStartedBySupervisor(2, argv.data()));
}

TEST(SupervisorArgumentsTest, SaysWhatIsWrongWithAnAddress) {
  const std::vector<std::pair<const char*, const char*>> wrong = {
      {"--comm=nowhere", "it is not HOST:PORT"},
      {"--comm=127.0.0.1:no", "connecting to the supervisor at '127.0.0.1:no'"},
      {"--comm=127.0.0.1:1", "Connection refused"}};
  for (const auto& [comm, message] : wrong) {
    const std::array<const char*, 3> argv = {"program", comm, "--logs=127.0.0.1:1"};
    const auto supervisor = Supervisor::Connect(3, argv.data());
    ASSERT_FALSE(supervisor);
    EXPECT_THAT(supervisor.error(), HasSubstr(message));
  }
}

TEST_F(SupervisorTest, HearsWhatTheTaskIs) {
  Say(FromAirflow("startup"));
  const auto task = supervisor_->Start({});
  ASSERT_TRUE(task) << task.error();
  ASSERT_TRUE(*task);
  EXPECT_EQ((*task)->task_id, "player_summaries");
}

TEST_F(SupervisorTest, TellsTheDagProcessorWhichTasksItRuns) {
  const Json question = {{"type", "TaskHandlerParseRequest"}, {"file", "/b/x"}};
  Say(Answer(0, question) + Answer(1, nullptr));
  const auto task = supervisor_->Start({{"x", {"a"}}});
  ASSERT_TRUE(task) << task.error();
  EXPECT_FALSE(*task);
  EXPECT_EQ(Heard().body, AnswerParseRequest(question, {{"x", {"a"}}}));
}

TEST_F(SupervisorTest, SaysThatTheDagProcessorDidNotTakeTheAnswer) {
  Say(Answer(0, {{"type", "TaskHandlerParseRequest"}, {"file", "/b/x"}}));
  EXPECT_EQ(supervisor_->Start({}, milliseconds(20)).error(), "the supervisor does not answer");
}

TEST_F(SupervisorTest, RefusesAnotherFirstMessage) {
  Say(FromAirflow("variable"));
  const auto task = supervisor_->Start({});
  ASSERT_FALSE(task);
  EXPECT_THAT(task.error(), HasSubstr("'VariableResult', not StartupDetails"));
}

TEST_F(SupervisorTest, WaitsNoLongerThanItShould) {
  EXPECT_EQ(supervisor_->Start({}, milliseconds(20)).error(), "the supervisor does not answer");
  EXPECT_EQ(Ask(milliseconds(20)).error().kind, Refusal::Kind::kLost);
}

TEST_F(SupervisorTest, PassesOverAnswersThatCameTooLate) {
  EXPECT_FALSE(Ask(milliseconds(20)));
  Say(Answer(1, {{"value", "late"}}) + Answer(2, {{"value", "in time"}}));
  EXPECT_EQ((*Ask())["value"], "in time");
}

TEST_F(SupervisorTest, AsksWithNumbersThatGoUp) {
  Say(Answer(1, {{"value", "a"}}) + Answer(2, {{"value", "b"}}));
  EXPECT_EQ((*Ask())["value"], "a");
  EXPECT_EQ((*Ask())["value"], "b");
  std::array<char, 1000> buffer;
  const auto got = ::recv(peer_.fd(), buffer.data(), buffer.size(), 0);
  FrameReader reader;
  reader.Add({buffer.data(), static_cast<std::size_t>(got)});
  for (const std::int64_t id : {1, 2}) {
    const auto request = reader.Next();
    ASSERT_TRUE(request && *request);
    EXPECT_EQ((*request)->id, id);
    EXPECT_EQ((*request)->body, requests::GetVariable("STEAM_GAMES"));
  }
}

TEST_F(SupervisorTest, SaysThatItsSupervisorIsGone) {
  peer_ = Socket();
  EXPECT_THAT(Ask().error().message, HasSubstr("supervisor"));
  const auto again = Ask();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, Refusal::Kind::kLost);
}

TEST_F(SupervisorTest, SaysThatAMessageWasCut) {
  Say(FromAirflow("startup").substr(0, 100));
  peer_ = Socket();
  EXPECT_EQ(supervisor_->Start({}).error(),
            "the supervisor closed the connection within a message");
}

TEST_F(SupervisorTest, AsksNothingMoreAfterNonsense) {
  Say("HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_THAT(Ask().error().message, HasSubstr("cannot be read"));
  EXPECT_THAT(Ask().error().message, HasSubstr("cannot be read"));
}

TEST_F(SupervisorTest, ThreadsAskOneAfterTheOther) {
  std::thread answers([&] {
    FrameReader reader;
    std::array<char, 1000> buffer;
    for (int answered = 0; answered < 40;) {
      const auto got = ::recv(peer_.fd(), buffer.data(), buffer.size(), 0);
      if (got <= 0) return;
      reader.Add({buffer.data(), static_cast<std::size_t>(got)});
      for (auto next = reader.Next(); next && *next; next = reader.Next(), ++answered) {
        Say(Answer((*next)->id, {{"value", (*next)->body["key"]}}));
      }
    }
  });
  const auto ask = [&](const std::string& key) {
    for (int i = 0; i < 20; ++i) {
      const auto answer = supervisor_->Ask(requests::GetVariable(key));
      ASSERT_TRUE(answer) << answer.error().message;
      EXPECT_EQ((*answer)["value"], key);
    }
  };
  std::thread other(ask, "A");
  ask("B");
  other.join();
  answers.join();
}

TEST_F(SupervisorTest, GoesOnInTheProgramThatItBecomes) {
  Say(Answer(1, {{"value", "a"}}));
  EXPECT_TRUE(Ask());
  const auto handover = supervisor_->Release();
  EXPECT_EQ(handover.next_id, 2);
  supervisor_.emplace(handover);
  Say(Answer(2, {{"value", "b"}}));
  EXPECT_EQ((*Ask())["value"], "b");
}

}  // namespace
}  // namespace airflow
