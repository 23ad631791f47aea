#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace steamflow {

// A complete response, whatever its status.
struct HttpResponse {
  int status = 0;
  // From Retry-After in either of its forms, at most one day; 0 if the header is missing.
  std::chrono::seconds retry_after{0};
  std::map<std::string, std::string> headers;  // only those named in HttpOptions
  std::string body;                            // decompressed
};

// The reason why a request got no complete response.
struct HttpError {
  enum class Kind {
    kNetwork,   // no connection, cut off or timed out: worth another attempt
    kTooLarge,  // the body exceeded the limit; `received` is its beginning
    kNoRoom,    // dropped because other bodies filled max_bytes_in_flight: send it again
    kSetup,     // the certificate or the URL: another attempt would fail in the same way
  };
  Kind kind = Kind::kNetwork;
  std::string message;
  std::string received;  // the part of the body that arrived
  // Set with kNetwork if the response did not arrive, or not all of it, in time.
  bool is_timeout = false;
};

// Either a response or an error.
struct HttpOutcome {
  std::optional<HttpResponse> response;
  HttpError error;
};

// A request to send.
struct HttpRequest {
  std::string method = "GET";  // or POST, PUT, DELETE
  std::string url;
  std::vector<std::string> headers;  // "name: value"
  std::string body;
  std::chrono::milliseconds timeout{};  // for the request and its complete response
};

}  // namespace steamflow
