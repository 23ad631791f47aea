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

// Owners of libcurl's handles.
struct CurlDeleter {
  void operator()(void* easy) const;
  void operator()(curl_slist* list) const;
};
using CurlEasy = std::unique_ptr<void, CurlDeleter>;  // a CURL, which is void
using CurlHeaders = std::unique_ptr<curl_slist, CurlDeleter>;

// One request of an HttpClient under way: what is taken of its response, and what comes of it. For
// http_client.cpp, where libcurl moves many of them on.
struct HttpTransfer {
  static constexpr std::uint64_t kMostReserved = 1U << 20U;  // a server may lie

  // libcurl's write function, whose `user` is the transfer.
  static std::size_t OnBody(char* data, std::size_t one, std::size_t size, void* user);

  // When it has ended, with a CURLcode. `response_headers` are those that a response shows.
  HttpOutcome Outcome(int code, const std::vector<std::string>& response_headers);

  CurlEasy easy;
  HttpRequest request;
  CurlHeaders headers;
  HttpClient::Done done;
  HttpResponse response;
  std::uint64_t max_bytes = 0;
  BodyBudget* budget = nullptr;
  bool too_large = false;
  bool has_no_room = false;
  std::array<char, 256> error_text{};  // CURL_ERROR_SIZE
};

}  // namespace steamflow
