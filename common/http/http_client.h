#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace steamflow {

struct HttpResponse {
  int status = 0;
  std::chrono::seconds retry_after{0};  // Retry-After, either form, a day at most; 0 without it
  std::string body;                     // decompressed
};

struct HttpError {
  enum class Kind {
    kNetwork,   // could not connect, cut off, timed out: worth another try
    kTooLarge,  // the body passed the limit; `received` is its beginning
    kSetup,     // the certificate or the URL: another try would end the same way
  };
  Kind kind = Kind::kNetwork;
  std::string message;
  std::string received;  // what had come of the body
};

// Either a response or an error.
struct HttpOutcome {
  std::optional<HttpResponse> response;
  HttpError error;
};

struct HttpRequest {
  std::string method = "GET";  // or POST, PUT, DELETE
  std::string url;
  std::vector<std::string> headers;  // "name: value"
  std::string body;
  std::chrono::milliseconds timeout{};  // for all of it, the response included
};

struct HttpOptions {
  std::size_t max_in_flight = 100;
  std::uint64_t max_response_bytes = 16U << 20U;  // decompressed
  bool http1 = false;                             // never HTTP/2
  std::string user;                               // basic authentication; empty = none
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
