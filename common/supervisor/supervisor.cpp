#include "supervisor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

namespace airflow {
namespace {

constexpr std::string_view kComm = "--comm=";
constexpr std::string_view kLogs = "--logs=";

std::string_view Argument(int argc, const char* const* argv, std::string_view name) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.starts_with(name)) return argument.substr(name.size());
  }
  return {};
}

// Connects to an address such as "127.0.0.1:4711" or "[::1]:4711".
tl::expected<Socket, std::string> ConnectTo(std::string_view address) {
  const auto fail = [&](const std::string& cause) {
    return tl::unexpected(fmt::format("connecting to the supervisor at '{}': {}", address, cause));
  };
  const auto colon = address.rfind(':');
  if (colon == std::string_view::npos) return fail("it is not HOST:PORT");
  std::string host(address.substr(0, colon));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::string port(address.substr(colon + 1));
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), port.c_str(), &wanted, &found);
  if (failed != 0) return fail(::gai_strerror(failed));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, ::freeaddrinfo);
  Socket socket(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.fd() < 0) return fail(std::strerror(errno));
  if (::connect(socket.fd(), found->ai_addr, found->ai_addrlen) != 0) {
    return fail(std::strerror(errno));
  }
  const int on = 1;  // a request is one small packet, and the next one waits for its answer
  ::setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

}  // namespace

Socket::~Socket() {
  if (fd_ >= 0) ::close(fd_);
}

Socket::Socket(Socket&& other) noexcept : fd_(other.Release()) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

int Socket::Release() {
  return std::exchange(fd_, -1);
}

bool IsStartedBySupervisor(int argc, const char* const* argv) {
  return !Argument(argc, argv, kComm).empty() && !Argument(argc, argv, kLogs).empty();
}

tl::expected<Supervisor, std::string> Supervisor::Connect(int argc, const char* const* argv) {
  auto comm = ConnectTo(Argument(argc, argv, kComm));
  if (!comm) return tl::unexpected(comm.error());
  auto logs = ConnectTo(Argument(argc, argv, kLogs));
  if (!logs) return tl::unexpected(logs.error());
  return Supervisor(*std::move(comm), *std::move(logs));
}

Supervisor::Supervisor(Socket comm, Socket logs) : comm_(std::move(comm)), logs_(std::move(logs)) {}

Supervisor::Supervisor(const Handover& handover)
    : comm_(handover.comm), logs_(handover.logs), next_id_(handover.next_id) {
  for (const int fd : {comm_.fd(), logs_.fd()}) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

Supervisor::Handover Supervisor::Release() {
  for (const int fd : {comm_.fd(), logs_.fd()}) ::fcntl(fd, F_SETFD, 0);
  return {comm_.Release(), logs_.Release(), next_id_};
}

tl::expected<std::optional<StartupDetails>, std::string> Supervisor::Start(const Tasks& tasks,
                                                                           Milliseconds timeout) {
  const auto first = Receive(Clock::now() + timeout);
  if (!first) return tl::unexpected(first.error().message);
  if (const auto answer = AnswerParseRequest(first->body, tasks)) {
    const auto taken = Ask(*answer, timeout);
    if (!taken) return tl::unexpected(taken.error().message);
    return std::nullopt;
  }
  return ParseStartupDetails(first->body);
}

tl::expected<Json, Refusal> Supervisor::Ask(const Json& request, Milliseconds timeout) {
  const auto until = Clock::now() + timeout;
  const std::unique_lock lock(*asking_, until);
  if (!lock.owns_lock()) {
    return tl::unexpected(Refusal{Refusal::Kind::kLost, "another request has no answer yet"});
  }
  if (!lost_.empty()) return tl::unexpected(Refusal{Refusal::Kind::kLost, lost_});
  const std::int64_t id = next_id_++;
  const auto frame = FormatRequest(id, request);
  if (!frame) {
    return tl::unexpected(Refusal{Refusal::Kind::kImpossible, "the request is too large"});
  }
  if (auto sent = Send(*frame, until); !sent) return tl::unexpected(std::move(sent.error()));
  for (;;) {
    auto response = Receive(until);
    if (!response) return tl::unexpected(std::move(response.error()));
    // A response with another id is the late answer to a request that has timed out.
    if (response->id == id) return ParseResponse(*std::move(response));
  }
}

// After a timeout or an error, a part of the frame may have been sent. Nothing can follow it, so
// the connection is lost.
tl::expected<void, Refusal> Supervisor::Send(std::string_view frame, Clock::time_point until) {
  while (!frame.empty()) {
    const auto left = std::chrono::ceil<Milliseconds>(until - Clock::now()).count();
    pollfd output{.fd = comm_.fd(), .events = POLLOUT, .revents = 0};
    if (left <= 0 || ::poll(&output, 1, static_cast<int>(left)) == 0) {
      return Lose("the supervisor does not accept the request");
    }
    const auto sent = ::send(comm_.fd(), frame.data(), frame.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EINTR && errno != EAGAIN) {
      return Lose(
          fmt::format("the connection to the supervisor is lost: {}", std::strerror(errno)));
    }
    if (sent > 0) frame.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

tl::expected<Response, Refusal> Supervisor::Receive(Clock::time_point until) {
  std::array<char, 16384> buffer;
  for (;;) {
    auto next = reader_.Next();
    if (!next) return Lose("what the supervisor sent cannot be read: " + next.error());
    if (*next) return **std::move(next);
    const auto left = std::chrono::ceil<Milliseconds>(until - Clock::now()).count();
    pollfd input{.fd = comm_.fd(), .events = POLLIN, .revents = 0};
    if (left <= 0 || ::poll(&input, 1, static_cast<int>(left)) == 0) {
      return tl::unexpected(Refusal{Refusal::Kind::kLost, "the supervisor does not answer"});
    }
    const auto got = ::recv(comm_.fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got == 0) {
      return Lose(reader_.is_inside_frame()
                      ? "the supervisor closed the connection within a message"
                      : "the supervisor closed the connection");
    }
    if (got < 0 && errno != EINTR && errno != EAGAIN) {
      return Lose(
          fmt::format("the connection to the supervisor is lost: {}", std::strerror(errno)));
    }
    if (got > 0) reader_.Add(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
  }
}

tl::unexpected<Refusal> Supervisor::Lose(const std::string& cause) {
  lost_ = cause;
  return tl::unexpected(Refusal{Refusal::Kind::kLost, cause});
}

}  // namespace airflow
