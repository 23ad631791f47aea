#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "http_message.h"

namespace steamflow {

// Settings of an HttpClient, which apply to all of its requests.
struct HttpOptions {
  std::size_t max_in_flight = 100;
  std::uint64_t max_response_bytes = 16U << 20U;  // decompressed
  // Limit for all response bodies in flight together. A single body may be larger.
  std::uint64_t max_bytes_in_flight = std::numeric_limits<std::uint64_t>::max();
  bool http1 = false;  // never HTTP/2
  // Names, in lower case, of the headers to keep in a response.
  std::vector<std::string> response_headers;
  std::string user;  // basic authentication; empty if there is none
  std::string password;
};

// Runs concurrent requests on one thread with libcurl: HTTP/2, multiplexed over one connection, if
// TLS negotiates it, otherwise a pool of HTTP/1.1 connections. Redirects are not followed. Server
// certificates are checked against SSL_CERT_FILE or SSL_CERT_DIR if set, otherwise against those of
// the system.
class HttpClient {
 public:
  // Called once with the outcome of a request. It may move anything out of the outcome; if it
  // leaves the body, the client reuses the buffer for a later request.
  using Done = std::function<void(HttpOutcome&)>;

  explicit HttpClient(const HttpOptions& options);
  ~HttpClient();  // abandons requests in flight without calling `done`
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Starts a request. Wait() calls `done` when the request has ended. Throws std::runtime_error if
  // libcurl rejects the request.
  void Send(HttpRequest request, Done done);

  // Returns the number of requests that have not ended.
  std::size_t in_flight() const;
  // Returns whether the response to one more request is expected to fit max_bytes_in_flight.
  bool HasRoom() const;

  // Makes progress with all transfers. Returns when some have ended (after calling their `done`),
  // when `wake_fd` becomes readable, or after `at_most`, which is capped at 1 s. A `wake_fd` of -1
  // is ignored.
  void Wait(std::chrono::milliseconds at_most, int wake_fd);

  // Drops all requests in flight without calling their `done`.
  void Abandon();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace steamflow
