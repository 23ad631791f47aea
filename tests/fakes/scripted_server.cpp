#include "scripted_server.h"

#include <httplib.h>

#include <algorithm>
#include <cctype>
#include <thread>
#include <utility>

namespace steamflow::test {
namespace {

HttpCall CallFrom(const httplib::Request& request) {
  HttpCall call{.method = request.method, .target = request.target, .body = request.body};
  for (const auto& [name, value] : request.headers) {
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    call.headers[lower] = value;
  }
  for (const auto& [name, file] : request.files) call.body += file.content;
  return call;
}

void Send(const ScriptedResponse& response, httplib::Response& sent) {
  std::this_thread::sleep_for(response.delay);
  sent.status = response.status;
  for (const auto& [name, value] : response.headers) sent.set_header(name, value);
  const std::string type = "application/json";
  if (!response.cut) return sent.set_content(response.body, type);
  sent.set_content_provider(
      response.body.size(), type,
      [body = response.body](std::size_t offset, std::size_t, httplib::DataSink& sink) {
        return offset == 0 && sink.write(body.data(), body.size() / 2);
      });
}

}  // namespace

class ScriptedServer::Http {
 public:
  explicit Http(ScriptedServer& owner) {
    const auto handler = [&owner](const httplib::Request& request, httplib::Response& sent) {
      Send(owner.Respond(CallFrom(request)), sent);
    };
    const std::string any = ".*";
    server_.Get(any, handler).Post(any, handler).Put(any, handler).Delete(any, handler);
    server_.set_tcp_nodelay(true);
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    // The library ignores a stop() that comes before the server runs.
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~Http() {
    server_.stop();
    thread_.join();
  }
  int port() const { return port_; }

 private:
  httplib::Server server_;
  int port_ = -1;
  std::thread thread_;
};

ScriptedServer::ScriptedServer(std::function<ScriptedResponse(const HttpCall&)> respond)
    : respond_(std::move(respond)), http_(std::make_unique<Http>(*this)) {}
ScriptedServer::~ScriptedServer() = default;

std::string ScriptedServer::url() const {
  return "http://127.0.0.1:" + std::to_string(http_->port());
}

std::vector<HttpCall> ScriptedServer::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

ScriptedResponse ScriptedServer::Respond(HttpCall call) {
  const std::lock_guard lock(mutex_);
  calls_.push_back(std::move(call));
  return respond_(calls_.back());
}

}  // namespace steamflow::test
