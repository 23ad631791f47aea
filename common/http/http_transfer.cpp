#include "http_transfer.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace steamflow {
namespace {

constexpr curl_off_t kLongestRetryAfter = 86400;  // seconds; longer than any run, and safe to add

static_assert(sizeof(HttpTransfer::error_text) >= CURL_ERROR_SIZE);

HttpError::Kind KindOf(CURLcode code) {
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return HttpError::Kind::kSetup;
    default:
      return HttpError::Kind::kNetwork;
  }
}

// Allocates the body at once if its length is known. A body that grows step by step takes up to
// twice as much memory.
void Reserve(HttpTransfer& transfer) {
  curl_off_t length = -1;
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  const auto most =
      static_cast<curl_off_t>(std::min(transfer.max_bytes, HttpTransfer::kMostReserved));
  if (length > 0) transfer.response.body.reserve(static_cast<std::size_t>(std::min(length, most)));
}

}  // namespace

void CurlDeleter::operator()(CURL* easy) const {
  curl_easy_cleanup(easy);
}
void CurlDeleter::operator()(curl_slist* list) const {
  curl_slist_free_all(list);
}

std::size_t HttpTransfer::OnBody(char* data, std::size_t one, std::size_t size, void* user) {
  auto& transfer = *static_cast<HttpTransfer*>(user);
  (void)one;  // libcurl documents that it is always 1
  if (transfer.response.body.size() + size > transfer.max_bytes) {
    transfer.too_large = true;
    return 0;  // ends the transfer, so that a decompression bomb stops here
  }
  if (!transfer.budget->Grow(&transfer, transfer.response.body.size(), size)) {
    transfer.has_no_room = true;
    return 0;
  }
  if (transfer.response.body.empty()) Reserve(transfer);
  transfer.response.body.append(data, size);
  return size;
}

HttpOutcome HttpTransfer::Outcome(int code, const std::vector<std::string>& response_headers) {
  HttpOutcome outcome;
  if (has_no_room) {
    outcome.error = {HttpError::Kind::kNoRoom, "dropped to make room for other responses", ""};
  } else if (too_large) {
    outcome.error = {
        HttpError::Kind::kTooLarge,
        fmt::format("the body is larger than {} bytes (--max-response-bytes)", max_bytes),
        std::move(response.body)};
  } else if (code != CURLE_OK) {
    const auto error = static_cast<CURLcode>(code);
    const char* detail = error_text[0] ? error_text.data() : nullptr;
    outcome.error = {KindOf(error), detail ? detail : curl_easy_strerror(error),
                     std::move(response.body), error == CURLE_OPERATION_TIMEDOUT};
  } else {
    long status = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
    response.status = static_cast<int>(status);
    curl_off_t retry_after = 0;  // libcurl parses both forms of the header
    curl_easy_getinfo(easy.get(), CURLINFO_RETRY_AFTER, &retry_after);
    response.retry_after =
        std::chrono::seconds(std::clamp<curl_off_t>(retry_after, 0, kLongestRetryAfter));
    for (const std::string& name : response_headers) {
      curl_header* header = nullptr;
      if (curl_easy_header(easy.get(), name.c_str(), 0, CURLH_HEADER, -1, &header) == CURLHE_OK) {
        response.headers[name] = header->value;
      }
    }
    outcome.response = std::move(response);
  }
  return outcome;
}

}  // namespace steamflow
