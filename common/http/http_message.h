#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace steamflow {

struct HttpResponse {
  int status = 0;
  std::chrono::seconds retry_after{0};  // Retry-After, either form, a day at most; 0 without it
  std::map<std::string, std::string> headers;  // of those that HttpOptions names
  std::string body;                            // decompressed
};

struct HttpError {
  enum class Kind {
    kNetwork,   // could not connect, cut off, timed out: worth another try
    kTooLarge,  // the body passed the limit; `received` is its beginning
    kNoRoom,    // given up for the bodies of others (max_bytes_in_flight): to be sent again
    kSetup,     // the certificate or the URL: another try would end the same way
  };
  Kind kind = Kind::kNetwork;
  std::string message;
  std::string received;     // what had come of the body
  bool is_timeout = false;  // kNetwork: nothing came, or not all of it, in the time given
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

}  // namespace steamflow
