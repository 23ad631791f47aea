#include "standin_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <stdexcept>

namespace steamflow::standin {
namespace {

std::size_t TakeBody(char* data, std::size_t, std::size_t size, void* reply_pointer) {
  auto& reply = *static_cast<Reply*>(reply_pointer);
  reply.bytes += size;
  if (reply.body.size() < 1024 * 1024) reply.body.append(data, size);
  return size;
}

std::size_t TakeHeader(char* data, std::size_t, std::size_t size, void* reply_pointer) {
  const std::string line(data, size);
  const auto colon = line.find(": ");
  if (colon != std::string::npos) {
    auto name = line.substr(0, colon);
    for (auto& letter : name) letter = static_cast<char>(std::tolower(letter));
    const auto value = line.substr(colon + 2, line.find('\r') - colon - 2);
    static_cast<Reply*>(reply_pointer)->headers[name] = value;
  }
  return size;
}

}  // namespace

Client::Client() : easy_(curl_easy_init()) {}

Client::~Client() {
  curl_easy_cleanup(easy_);
}

void Client::Set(CURLoption option, const std::string& text) {
  curl_easy_setopt(easy_, option, text.c_str());
}

void Client::Set(CURLoption option, long number) {
  curl_easy_setopt(easy_, option, number);
}

void Client::TrustOnly(const std::string& folder) {
  curl_easy_setopt(easy_, CURLOPT_CAINFO, nullptr);
  curl_easy_setopt(easy_, CURLOPT_CAPATH, folder.c_str());
}

Reply Client::Send(const std::string& verb, const std::string& url, const std::string& header,
                   const std::string& body) {
  Reply reply;
  curl_slist* headers = header.empty() ? nullptr : curl_slist_append(nullptr, header.c_str());
  curl_easy_setopt(easy_, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, 60'000L);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, &reply);
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &TakeBody);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, &reply);
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &TakeHeader);
  curl_easy_setopt(easy_, CURLOPT_HTTPGET, 1L);
  if (!body.empty()) curl_easy_setopt(easy_, CURLOPT_COPYPOSTFIELDS, body.c_str());
  curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, verb.c_str());
  reply.code = curl_easy_perform(easy_);
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &reply.status);
  curl_easy_getinfo(easy_, CURLINFO_HTTP_VERSION, &reply.http_version);
  curl_easy_getinfo(easy_, CURLINFO_NUM_CONNECTS, &reply.connects);
  curl_easy_getinfo(easy_, CURLINFO_TOTAL_TIME, &reply.seconds);
  curl_slist_free_all(headers);
  return reply;
}

Standin::Standin(const std::vector<std::string>& options)
    : process_(Command(options)), url_(process_.ReadLine()) {}

std::vector<std::string> Standin::Command(const std::vector<std::string>& options) {
  std::vector<std::string> command{STEAM_STANDIN};
  command.insert(command.end(), options.begin(), options.end());
  return command;
}

Reply Standin::Get(const std::string& path, const std::string& header) {
  return client_.Send("GET", url_ + path, header);
}

Reply Standin::Control(const std::string& verb, const std::string& path, const std::string& body) {
  // By default curl sends a form, and the stand-in would reject a longer body as a form.
  return client_.Send(verb, url_ + path, "Content-Type: application/json", body);
}

void Standin::AddFault(const std::string& json) {
  const auto reply = Control("POST", "/standin/faults", json);
  if (reply.status != 200) throw std::runtime_error("fault refused: " + reply.body);
}

void Standin::ClearFaults() {
  Control("DELETE", "/standin/faults");
}

RawConnection::RawConnection(const std::string& url, const std::string& path)
    : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1))));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const std::string request =
      "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nx-webapi-key: k\r\n\r\n";
  if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
      write(socket_, request.data(), request.size()) != static_cast<ssize_t>(request.size())) {
    throw std::runtime_error("sending a request failed");
  }
}

RawConnection::~RawConnection() {
  close(socket_);
}

bool RawConnection::HasSomethingWithin(std::chrono::milliseconds time) {
  pollfd wanted{.fd = socket_, .events = POLLIN, .revents = 0};
  return poll(&wanted, 1, static_cast<int>(time.count())) > 0;
}

std::string RawConnection::ReadToEnd() {
  std::string bytes;
  std::array<char, 4096> buffer;
  while (true) {
    const auto got = read(socket_, buffer.data(), buffer.size());
    if (got <= 0) return bytes;
    bytes.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

std::string Ids(std::uint64_t start, std::size_t count) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) list += ',';
    list += std::to_string(start - i);
  }
  return list;
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace steamflow::standin
