#include "http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <unordered_map>

#include "body_budget.h"
#include "ca_locations.h"
#include "environment.h"
#include "http_transfer.h"

namespace steamflow {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kConnectTimeout(10'000);
constexpr long kStallSeconds = 15;  // a transfer ends if no byte arrives for this long

constexpr std::size_t kSmallestGivenBack = 16U << 10U;
constexpr long kReceiveBuffer = 16L << 10U;

struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};

// Initializes libcurl. It must be created before every other use of libcurl and destroyed after it.
class CurlGlobal {
 public:
  CurlGlobal() {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0) throw std::runtime_error("curl_global_init");
  }
  ~CurlGlobal() { curl_global_cleanup(); }
  CurlGlobal(const CurlGlobal&) = delete;
  CurlGlobal& operator=(const CurlGlobal&) = delete;
};

// Returns whether libcurl would send requests for plain http through a proxy, which needs the whole
// URL in the request line.
bool HasPlainProxy() {
  return EnvironmentValue("http_proxy") || EnvironmentValue("all_proxy") ||
         EnvironmentValue("ALL_PROXY");
}

template <typename Value>
void Set(CURL* easy, CURLoption option, Value value) {
  if (const CURLcode code = curl_easy_setopt(easy, option, value); code != CURLE_OK) {
    throw std::runtime_error(fmt::format("curl_easy_setopt: {}", curl_easy_strerror(code)));
  }
}

}  // namespace

class HttpClient::Impl {
 public:
  explicit Impl(const HttpOptions& options)
      : options_(options), budget_(options.max_bytes_in_flight) {
    if (!multi_) throw std::runtime_error("curl_multi_init");
    const long in_flight = static_cast<long>(options.max_in_flight);
    curl_multi_setopt(multi_.get(), CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_MULTIPLEX));
    curl_multi_setopt(multi_.get(), CURLMOPT_MAX_HOST_CONNECTIONS, in_flight);
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, in_flight);
    curl_multi_setopt(multi_.get(), CURLMOPT_MAX_CONCURRENT_STREAMS, in_flight);
  }

  ~Impl() { Abandon(); }

  void Send(HttpRequest&& request, Done done) {
    auto transfer = std::make_unique<HttpTransfer>();
    if (!buffers_.empty()) {
      transfer->response.body = std::move(buffers_.back());
      buffers_.pop_back();
    }
    transfer->easy = TakeEasy();
    transfer->request = std::move(request);
    transfer->done = std::move(done);
    transfer->max_bytes = options_.max_response_bytes;
    transfer->budget = &budget_;
    CURL* const easy = transfer->easy.get();
    const std::string& url = transfer->request.url;
    SetUrl(easy, url);
    // With TLS, only the first connection shows whether it can be multiplexed: wait for it instead
    // of opening up to a hundred connections. Without TLS there is nothing to wait for.
    Set(easy, CURLOPT_PIPEWAIT, !options_.http1 && url.rfind("https:", 0) == 0 ? 1L : 0L);
    SetMethod(*transfer);
    const milliseconds timeout = transfer->request.timeout;
    Set(easy, CURLOPT_TIMEOUT_MS, std::max<long>(1, static_cast<long>(timeout.count())));
    Set(easy, CURLOPT_CONNECTTIMEOUT_MS,
        std::max<long>(1, static_cast<long>(std::min(timeout, kConnectTimeout).count())));
    Set(easy, CURLOPT_WRITEDATA, transfer.get());
    Set(easy, CURLOPT_ERRORBUFFER, transfer->error_text.data());
    if (const auto code = curl_multi_add_handle(multi_.get(), easy); code != CURLM_OK) {
      throw std::runtime_error(fmt::format("curl_multi_add_handle: {}", curl_multi_strerror(code)));
    }
    active_.emplace(easy, std::move(transfer));
  }

  std::size_t in_flight() const { return active_.size(); }
  bool HasRoom() const { return budget_.HasRoom(active_.size()); }

  void Wait(milliseconds at_most, int wake_fd) {
    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    if (DeliverEnded()) return;
    curl_waitfd wake{};
    wake.fd = wake_fd;
    wake.events = CURL_WAIT_POLLIN;
    const auto timeout = std::clamp<milliseconds::rep>(at_most.count(), 0, 1000);
    curl_multi_poll(multi_.get(), &wake, wake_fd >= 0 ? 1 : 0, static_cast<int>(timeout), nullptr);
    curl_multi_perform(multi_.get(), &running);
    DeliverEnded();
  }

  void Abandon() {
    for (const auto& [easy, transfer] : active_) {
      budget_.End(transfer.get(), transfer->response.body.size());
      curl_multi_remove_handle(multi_.get(), easy);
    }
    active_.clear();
  }

 private:
  // libcurl parses a URL byte by byte and several times, and the URL of a request for a hundred ids
  // has 1,800 bytes. Everything after the host is therefore passed as the request target, which
  // libcurl copies as it is.
  void SetUrl(CURL* easy, const std::string& url) const {
    const auto scheme = url.find("://");
    const auto path = scheme == std::string::npos ? scheme : url.find('/', scheme + 3);
    const bool whole = path == std::string::npos || (has_plain_proxy_ && scheme == 4);
    Set(easy, CURLOPT_URL, whole ? url.c_str() : url.substr(0, path + 1).c_str());
    Set(easy, CURLOPT_REQUEST_TARGET, whole ? nullptr : url.c_str() + path);
  }

  // Sets every option, because a reused handle still has those of its previous request.
  static void SetMethod(HttpTransfer& transfer) {
    CURL* const easy = transfer.easy.get();
    const HttpRequest& request = transfer.request;
    for (const std::string& header : request.headers) AddHeader(transfer, header);
    Set(easy, CURLOPT_HTTPGET, 1L);
    if (!request.body.empty() || request.method == "POST") {
      Set(easy, CURLOPT_POSTFIELDS, request.body.data());
      Set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      AddHeader(transfer, "Expect:");  // no round trip to ask whether the server accepts the body
    }
    Set(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    Set(easy, CURLOPT_HTTPHEADER, transfer.headers.get());
  }

  static void AddHeader(HttpTransfer& transfer, const std::string& header) {
    curl_slist* const longer = curl_slist_append(transfer.headers.get(), header.c_str());
    if (!longer) throw std::bad_alloc();
    (void)transfer.headers.release();
    transfer.headers.reset(longer);
  }

  CurlEasy TakeEasy() {
    if (!idle_.empty()) {
      CurlEasy idle = std::move(idle_.back());
      idle_.pop_back();
      return idle;
    }
    CurlEasy made(curl_easy_init());
    if (!made) throw std::runtime_error("curl_easy_init");
    CURL* const easy = made.get();
    Set(easy, CURLOPT_WRITEFUNCTION, &HttpTransfer::OnBody);
    Set(easy, CURLOPT_NOSIGNAL, 1L);
    Set(easy, CURLOPT_QUICK_EXIT, 1L);  // do not wait for a resolver that hangs past its timeout
    Set(easy, CURLOPT_BUFFERSIZE, kReceiveBuffer);
    Set(easy, CURLOPT_FOLLOWLOCATION, 0L);
    Set(easy, CURLOPT_ACCEPT_ENCODING, "");  // all encodings that libcurl can decompress
    Set(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    Set(easy, CURLOPT_LOW_SPEED_TIME, kStallSeconds);
    Set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    Set(easy, CURLOPT_HTTP_VERSION,
        static_cast<long>(options_.http1 ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS));
    if (!options_.user.empty()) {
      Set(easy, CURLOPT_USERNAME, options_.user.c_str());
      Set(easy, CURLOPT_PASSWORD, options_.password.c_str());
    }
    const auto& [file, folder] = ca_certificates_;
    if (!file.empty()) Set(easy, CURLOPT_CAINFO, file.c_str());
    if (!folder.empty()) {
      Set(easy, CURLOPT_CAPATH, folder.c_str());
      if (file.empty()) Set<const char*>(easy, CURLOPT_CAINFO, nullptr);
    }
    return made;
  }

  // Keeps the buffer for the next request, whose response is likely to be as long. A buffer that is
  // much larger than its body is released: with long and short responses in turn, every buffer
  // would grow to the longest one.
  void KeepBuffer(std::string&& body) {
    const bool is_wasteful = body.capacity() > std::max(kSmallestGivenBack, 4 * body.size()) ||
                             body.capacity() > HttpTransfer::kMostReserved;
    if (is_wasteful || buffers_.size() >= idle_.size()) return;
    body.clear();
    buffers_.push_back(std::move(body));
  }

  // Calls `done` for every transfer that has ended. Returns false if there was none.
  bool DeliverEnded() {
    bool any = false;
    int queued = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &queued)) {
      if (message->msg != CURLMSG_DONE) continue;
      any = true;
      CURL* const easy = message->easy_handle;
      const CURLcode code = message->data.result;  // invalid once the handle is removed
      curl_multi_remove_handle(multi_.get(), easy);
      const auto found = active_.find(easy);
      const std::unique_ptr<HttpTransfer> transfer = std::move(found->second);
      active_.erase(found);
      budget_.End(transfer.get(), transfer->response.body.size());
      HttpOutcome outcome = transfer->Outcome(code, options_.response_headers);
      idle_.push_back(std::move(transfer->easy));
      transfer->done(outcome);
      if (outcome.response) KeepBuffer(std::move(outcome.response->body));
    }
    return any;
  }

  const HttpOptions options_;
  const bool has_plain_proxy_ = HasPlainProxy();
  const CaLocations ca_certificates_ = ReadCaLocations();
  BodyBudget budget_;
  const CurlGlobal global_;  // must outlive every handle
  const std::unique_ptr<CURLM, MultiDeleter> multi_{curl_multi_init()};
  std::vector<CurlEasy> idle_;
  std::vector<std::string> buffers_;  // of response bodies, for reuse
  std::unordered_map<CURL*, std::unique_ptr<HttpTransfer>> active_;
};

HttpClient::HttpClient(const HttpOptions& options) : impl_(std::make_unique<Impl>(options)) {}
HttpClient::~HttpClient() = default;

void HttpClient::Send(HttpRequest request, Done done) {
  impl_->Send(std::move(request), std::move(done));
}
std::size_t HttpClient::in_flight() const {
  return impl_->in_flight();
}
bool HttpClient::HasRoom() const {
  return impl_->HasRoom();
}
void HttpClient::Wait(milliseconds at_most, int wake_fd) {
  impl_->Wait(at_most, wake_fd);
}
void HttpClient::Abandon() {
  impl_->Abandon();
}

}  // namespace steamflow
