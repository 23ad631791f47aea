#include "cut_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <vector>

namespace steamflow::test {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

// Returns what can be read now, which is empty at the end of the stream.
std::string Take(int socket) {
  std::array<char, 64 * 1024> buffer;
  const ssize_t size = read(socket, buffer.data(), buffer.size());
  return {buffer.data(), static_cast<std::size_t>(size > 0 ? size : 0)};
}

void Put(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
}

bool IsReadable(int socket, int milliseconds) {
  pollfd one{socket, POLLIN, 0};
  return poll(&one, 1, milliseconds) > 0;
}

}  // namespace

CutProxy::CutProxy(const std::string& server, std::string word, Moment moment, int passing)
    : server_port_(std::stoi(server.substr(server.find(':') + 1))),
      word_(std::move(word)),
      moment_(moment),
      passing_(passing),
      listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener_, 8) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("the proxy cannot listen");
  }
  port_ = std::to_string(ntohs(address.sin_port));
  thread_ = std::thread([this] { Serve(); });
}

CutProxy::~CutProxy() {
  stop_ = true;
  thread_.join();
  close(listener_);
}

void CutProxy::Serve() {
  std::vector<std::jthread> connections;
  while (!stop_) {
    if (!IsReadable(listener_, 20)) continue;
    connections.emplace_back([this, client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)] {
      const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const sockaddr_in address = Loopback(server_port_);
      if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
        Forward(client, server);
      }
      close(server);
      close(client);
    });
  }
}

void CutProxy::Forward(int client, int server) {
  while (!stop_) {
    if (IsReadable(client, 1)) {
      const std::string request = Take(client);
      if (request.empty()) return;
      const bool is_it = request.find(word_) != std::string::npos && passing_.fetch_sub(1) <= 0 &&
                         !has_cut_.exchange(true);
      if (is_it && moment_ == Moment::kBeforeRequest) return;
      Put(server, request);
      if (is_it) {
        while (!IsReadable(server, 20) && !stop_) continue;
        if (moment_ != Moment::kHoldAnswer) return;
        while (!is_released_ && !stop_ && !IsReadable(client, 20)) continue;
      }
    }
    if (IsReadable(server, 0)) {
      const std::string response = Take(server);
      if (response.empty()) return;
      Put(client, response);
    }
  }
}

}  // namespace steamflow::test
