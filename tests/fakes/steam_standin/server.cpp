#include "steam_standin/server.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>

#include "steam_standin/gzip.h"

namespace steamflow::standin {
namespace {

// Each connection occupies a thread, so this is also the number of calls that can be in flight at
// once.
constexpr std::size_t kThreads = 512;
constexpr auto kKeepAliveSeconds = 60;

template <typename T>
std::optional<T> ParseNumber(std::string_view text) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::uint32_t> NumberParameter(const httplib::Request& request, const char* name) {
  return ParseNumber<std::uint32_t>(request.get_param_value(name));
}

std::vector<std::uint64_t> ParseSteamIds(std::string_view list) {
  std::vector<std::uint64_t> ids;
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    if (const auto id = ParseNumber<std::uint64_t>(list.substr(0, comma))) ids.push_back(*id);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return ids;
}

std::optional<Method> MethodAt(std::string_view path) {
  if (path.ends_with('/')) path.remove_suffix(1);
  for (std::size_t i = 0; i < kMethods.size(); ++i) {
    if (kMethods[i].path == path) return static_cast<Method>(i);
  }
  return std::nullopt;
}

ApiCall ParseCall(Method method, const httplib::Request& request) {
  ApiCall call{.method = method};
  if (method == Method::kPlayerSummaries) {
    call.steam_ids = ParseSteamIds(request.get_param_value("steamids"));
  } else if (method == Method::kRecentlyPlayedGames) {
    call.steam_ids = ParseSteamIds(request.get_param_value("steamid"));
    call.count = NumberParameter(request, "count");
  } else {
    call.appid = NumberParameter(request, "appid");
    call.count = NumberParameter(request, "count");
    call.enddate = NumberParameter(request, "enddate");
  }
  if (request.has_param("key")) {
    call.key_in = KeyIn::kQuery;
  } else if (request.has_header("x-webapi-key")) {
    call.key_in = KeyIn::kHeader;
  }
  // A proxy names in Via the protocol that its client used.
  call.http2 = request.get_header_value("Via").starts_with("2");
  return call;
}

/// Returns the socket of the request's connection, or -1 if it is closed. The library does not give
/// access to it.
int SocketOf(const httplib::Request& request) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const auto socket = ParseNumber<int>(entry.path().filename().string()).value_or(-1);
    sockaddr_in peer{};
    socklen_t length = sizeof(peer);
    if (getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &length) == 0 &&
        peer.sin_family == AF_INET && ntohs(peer.sin_port) == request.remote_port) {
      return socket;
    }
  }
  return -1;
}

void WaitUntilClientLeaves(const httplib::Request& request) {
  pollfd client{.fd = SocketOf(request), .events = POLLRDHUP, .revents = 0};
  while (client.fd >= 0 && poll(&client, 1, -1) < 0 && errno == EINTR) {
  }
}

/// Sends `body` up to `end`. If that is before its end, breaks off the connection.
auto SendPart(std::shared_ptr<const std::string> body, std::size_t end) {
  return [body = std::move(body), end](std::size_t offset, httplib::DataSink& sink) {
    return offset < end && sink.write(body->data() + offset, end - offset);
  };
}

void Deliver(Response response, bool may_compress, const httplib::Request& request,
             httplib::Response& sent) {
  if (response.delivery == Delivery::kSilence) {
    WaitUntilClientLeaves(request);
    return;
  }
  if (may_compress && !response.headers.contains("Content-Encoding") && !response.body.empty() &&
      request.get_header_value("Accept-Encoding").find("gzip") != std::string::npos) {
    response.body = Gzip(response.body);
    response.headers["Content-Encoding"] = "gzip";
  }
  sent.status = response.status;
  for (const auto& [name, value] : response.headers) sent.set_header(name, value);
  if (response.body.empty()) {
    sent.set_header("Content-Type", response.content_type);
    return;
  }
  // The library would compress the body again, but it sends data from a content provider as it is.
  const auto body = std::make_shared<const std::string>(std::move(response.body));
  const auto size = body->size();
  const auto with_length = [&](std::size_t end) {
    sent.set_content_provider(
        size, response.content_type,
        [send = SendPart(body, end)](std::size_t offset, std::size_t, httplib::DataSink& sink) {
          return send(offset, sink);
        });
  };
  switch (response.delivery) {
    case Delivery::kWhole:
      with_length(size);
      break;
    case Delivery::kCutLength:
      with_length(size / 2);
      break;
    case Delivery::kCutChunked:
      sent.set_chunked_content_provider(response.content_type, SendPart(body, size / 2));
      break;
    case Delivery::kCutClose:
      sent.set_header("Connection", "close");
      sent.set_content_provider(response.content_type, SendPart(body, size / 2));
      break;
    case Delivery::kTrickle:
      sent.set_content_provider(
          size, response.content_type,
          [body, pause = response.pause](std::size_t offset, std::size_t, httplib::DataSink& sink) {
            std::this_thread::sleep_for(pause);
            return sink.write(body->data() + offset, 1);
          });
      break;
    case Delivery::kSilence:
      break;
  }
}

}  // namespace

StandinServer::StandinServer(ServerOptions options)
    : options_(std::move(options)), accounts_(options_.population) {
  http_.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  http_.set_keep_alive_max_count(std::numeric_limits<int>::max());
  http_.set_keep_alive_timeout(kKeepAliveSeconds);
  // Headers and body are two writes: without this option the second waits for the client's delayed
  // ACK.
  http_.set_tcp_nodelay(true);
  http_.set_socket_options([this](int socket) {
    // The library's default, SO_REUSEPORT, would let two servers share a port.
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    listen_socket_ = socket;
  });
  // Responses of Steam and of its content network have no Keep-Alive header.
  http_.set_post_routing_handler([](const httplib::Request&, httplib::Response& response) {
    response.headers.erase("Keep-Alive");
  });
  // The library routes with regular expressions, which are slow; the API needs only a table of
  // paths.
  http_.set_pre_routing_handler(
      [this](const httplib::Request& request, httplib::Response& response) {
        if (request.path.starts_with("/standin/")) {
          return httplib::Server::HandlerResponse::Unhandled;
        }
        ServeApi(request, response);
        return httplib::Server::HandlerResponse::Handled;
      });
  AddControl();
}

int StandinServer::Listen(int port) {
  const std::string host = "127.0.0.1";
  if (port == 0) {
    port = http_.bind_to_any_port(host);
  } else if (!http_.bind_to_port(host, port)) {
    port = -1;
  }
  // The library's backlog of 5 drops connections that arrive in a burst; they are retried only
  // after a second.
  if (port < 0 || listen(listen_socket_, SOMAXCONN) != 0) {
    throw std::runtime_error("listening on " + host + " failed: is the port taken?");
  }
  return port;
}

void StandinServer::Serve() {
  http_.listen_after_bind();
}

bool StandinServer::KeyIsGood(const httplib::Request& request) const {
  const auto key = request.has_param("key") ? request.get_param_value("key")
                                            : request.get_header_value("x-webapi-key");
  return options_.key.empty() ? !key.empty() : key == options_.key;
}

Response StandinServer::RightResponse(const ApiCall& call, bool key_is_good) const {
  if (Info(call.method).needs_key && !key_is_good) return KeyRefused(403);
  if (call.method == Method::kNewsForApp && call.appid) {
    auto news = news_.NewsForApp(*call.appid, call.count.value_or(20), call.enddate);
    if (news) return {.body = std::move(*news)};
  }
  return ResponseTo(call, accounts_);
}

void StandinServer::ServeApi(const httplib::Request& request, httplib::Response& sent) {
  const auto method = request.method == "GET" ? MethodAt(request.path) : std::nullopt;
  if (!method) {
    Deliver(ErrorPage(404, "Not Found", "No such method of the Steam Web API."),
            options_.compresses, request, sent);
    return;
  }
  const auto call = ParseCall(*method, request);
  journal_.Add(call);
  const auto misfortune = faults_.Take(call);
  std::this_thread::sleep_for(options_.latency + misfortune.latency);
  auto response = RightResponse(call, KeyIsGood(request));
  if (misfortune.fault) response = Spoil(std::move(response), *misfortune.fault);
  Deliver(std::move(response), options_.compresses, request, sent);
}

void StandinServer::AddControl() {
  http_.Post(
      "/standin/faults", [this](const httplib::Request& request, httplib::Response& response) {
        try {
          const auto count = faults_.Add(ParseFault(request.body));
          response.set_content("{\"faults\":" + std::to_string(count) + "}\n", "application/json");
        } catch (const std::invalid_argument& error) {
          response.status = 400;
          response.set_content(std::string(error.what()) + "\n", "text/plain");
        }
      });
  http_.Delete("/standin/faults",
               [this](const httplib::Request&, httplib::Response&) { faults_.Clear(); });
  http_.Put(R"(/standin/news/(\d+))",
            [this](const httplib::Request& request, httplib::Response& response) {
              try {
                const auto appid = ParseNumber<std::uint32_t>(request.matches[1].str());
                if (!appid) throw std::invalid_argument("no appid");
                news_.Set(*appid, request.body);
              } catch (const std::invalid_argument& error) {
                response.status = 400;
                response.set_content(std::string(error.what()) + "\n", "text/plain");
              }
            });
  http_.Delete("/standin/news",
               [this](const httplib::Request&, httplib::Response&) { news_.Clear(); });
  http_.Get("/standin/requests", [this](const httplib::Request&, httplib::Response& response) {
    response.set_header("X-Total-Count", std::to_string(journal_.total()));
    response.set_content(journal_.Json(), "application/json");
  });
  http_.Delete("/standin/requests",
               [this](const httplib::Request&, httplib::Response&) { journal_.Clear(); });
}

}  // namespace steamflow::standin
