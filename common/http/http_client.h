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

struct HttpOptions {
  std::size_t max_in_flight = 100;
  std::uint64_t max_response_bytes = 16U << 20U;  // decompressed
  // Of all bodies under way together; one that is larger alone is taken.
  std::uint64_t max_bytes_in_flight = std::numeric_limits<std::uint64_t>::max();
  bool http1 = false;                         // never HTTP/2
  std::vector<std::string> response_headers;  // in lower case: those that a response shows
  std::string user;                           // basic authentication; empty = none
  std::string password;
};

// Requests side by side on one thread, over libcurl: HTTP/2 multiplexed over one connection where
// TLS negotiates it, else a pool of HTTP/1.1 connections. Follows no redirect. Certificates are
// checked against SSL_CERT_FILE or SSL_CERT_DIR where set, else the system's.
class HttpClient {
 public:
  // May take what it likes of the outcome; a body left behind is a buffer for the next request.
  using Done = std::function<void(HttpOutcome&)>;

  explicit HttpClient(const HttpOptions& options);
  ~HttpClient();  // abandons what is in flight, without calling back
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Starts a request. `done` is called from Wait.
  void Send(HttpRequest request, Done done);

  std::size_t in_flight() const;
  // Whether the response to one more request would keep to max_bytes_in_flight.
  bool HasRoom() const;

  // Moves the transfers on: returns when some have ended (after calling their `done`), when
  // `wake_fd` is readable, or after `at_most`.
  void Wait(std::chrono::milliseconds at_most, int wake_fd);

  // Ends everything in flight without calling back.
  void Abandon();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace steamflow
