#include "redis_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace steamflow::test {
namespace {

int FreePort() {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (bind(probe, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("there is no free port");
  }
  close(probe);
  return ntohs(address.sin_port);
}

bool BecomesReady(standin::ChildProcess& server) {
  for (auto line = server.ReadLine(); !line.empty(); line = server.ReadLine()) {
    if (line.find("Ready to accept connections") != std::string::npos) return true;
  }
  return false;
}

}  // namespace

RedisServer::RedisServer(const std::string& password, const std::vector<std::string>& options) {
  // If another process takes the port first, the server ends, and the next port is tried.
  for (int attempt = 0; attempt < 10 && !process_; ++attempt) {
    port_ = FreePort();
    std::vector<std::string> command{REDIS_SERVER, "--port",       std::to_string(port_),
                                     "--bind",     "127.0.0.1",    "--save",
                                     "",           "--appendonly", "no"};
    if (!password.empty()) command.insert(command.end(), {"--requirepass", password});
    command.insert(command.end(), options.begin(), options.end());
    process_ = std::make_unique<standin::ChildProcess>(command);
    if (!BecomesReady(*process_)) process_.reset();
  }
  if (!process_) throw std::runtime_error("redis-server does not start");
  context_.reset(redisConnect("127.0.0.1", port_));
  if (!password.empty()) Command({"AUTH", password});
}

RedisServer::~RedisServer() = default;

std::string RedisServer::url() const {
  return "redis://127.0.0.1:" + std::to_string(port_) + "/0";
}

int RedisServer::ServeTls(const std::string& certificate, const std::string& key) {
  const int port = FreePort();
  Command({"CONFIG", "SET", "bind", "127.0.0.1 127.0.0.2"});
  Command({"CONFIG", "SET", "tls-cert-file", certificate, "tls-key-file", key, "tls-auth-clients",
           "no", "tls-port", std::to_string(port)});
  return port;
}

RedisServer::Reply RedisServer::Ask(const std::vector<std::string>& words) {
  std::vector<const char*> values;
  std::vector<std::size_t> sizes;
  for (const auto& word : words) {
    values.push_back(word.data());
    sizes.push_back(word.size());
  }
  Reply reply(static_cast<redisReply*>(redisCommandArgv(
      context_.get(), static_cast<int>(words.size()), values.data(), sizes.data())));
  if (!reply || reply->type == REDIS_REPLY_ERROR) {
    throw std::runtime_error(words[0] + ": " + (reply ? reply->str : context_->errstr));
  }
  return reply;
}

std::optional<std::string> RedisServer::Command(const std::vector<std::string>& words) {
  const Reply reply = Ask(words);
  if (reply->type == REDIS_REPLY_NIL) return std::nullopt;
  if (reply->type == REDIS_REPLY_INTEGER) return std::to_string(reply->integer);
  return std::string(reply->str ? reply->str : "", static_cast<std::size_t>(reply->len));
}

std::vector<std::string> RedisServer::List(const std::vector<std::string>& words) {
  const Reply reply = Ask(words);
  std::vector<std::string> list;
  for (std::size_t i = 0; i < static_cast<std::size_t>(reply->elements); ++i) {
    list.emplace_back(reply->element[i]->str);
  }
  return list;
}

std::map<std::string, std::string> RedisServer::Hash(const std::string& key) {
  const auto flat = List({"HGETALL", key});
  std::map<std::string, std::string> hash;
  for (std::size_t i = 0; i + 1 < flat.size(); i += 2) hash[flat[i]] = flat[i + 1];
  return hash;
}

std::vector<std::string> RedisServer::Keys(const std::string& pattern) {
  return List({"KEYS", pattern});
}

}  // namespace steamflow::test
