#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "body_budget.h"
#include "http_client.h"
#include "http_message.h"

struct curl_slist;

namespace steamflow {

// Deleters of libcurl's handles.
struct CurlDeleter {
  void operator()(void* easy) const;
  void operator()(curl_slist* list) const;
};
using CurlEasy = std::unique_ptr<void, CurlDeleter>;  // libcurl defines CURL as void
using CurlHeaders = std::unique_ptr<curl_slist, CurlDeleter>;

// One request in flight: its libcurl handle, the part of the response that has arrived, and the
// limits for it. Only http_client.cpp uses it.
struct HttpTransfer {
  // The most that is reserved for an announced body length, because a server may announce anything.
  static constexpr std::uint64_t kMostReserved = 1U << 20U;

  // The write function for libcurl; `user` points to the transfer. Returns fewer bytes than it got
  // in order to end a transfer that exceeds a limit.
  static std::size_t OnBody(char* data, std::size_t one, std::size_t size, void* user);

  // Returns the outcome of a transfer that ended with the CURLcode `code`. `response_headers` are
  // the names of the headers to keep.
  HttpOutcome Outcome(int code, const std::vector<std::string>& response_headers);

  CurlEasy easy;
  HttpRequest request;
  // libcurl does not copy these, so they must live as long as the transfer.
  CurlHeaders headers;
  HttpClient::Done done;
  HttpResponse response;
  // Limits for the body: its own, and that of all bodies together, which the client owns.
  std::uint64_t max_bytes = 0;
  BodyBudget* budget = nullptr;
  // Why OnBody() ended the transfer. libcurl itself would only report a write error.
  bool too_large = false;
  bool has_no_room = false;
  std::array<char, 256> error_text{};  // of size CURL_ERROR_SIZE
};

}  // namespace steamflow
