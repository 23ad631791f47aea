#include "bulk_sender.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>

#include "json_document.h"

namespace steamflow {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostAtOnce = 4;           // requests; more do not make a server faster
constexpr std::size_t kLargestPart = 1U << 20U;  // bytes, unless one item alone is larger
constexpr std::size_t kMaxItems = 4000;  // in a part, since each item lengthens the response
constexpr milliseconds kLongestResponse(30'000);
constexpr milliseconds kLongestWait(100);  // before queued_ is checked again

// Returns whether a response blames the items of a request: they are too many or too large, or one
// of them is not valid in any request.
bool BlamesTheItems(const HttpResponse& response) {
  if (response.status == 413) return true;
  if (response.status != 400) return false;
  const JsonLeaves leaves = ParseLeaves(response.body);
  const auto type = leaves.find("error.type");
  return type != leaves.end() && type->second == "action_request_validation_exception";
}

}  // namespace

class BulkSender::Sending {
 public:
  Sending(const BulkBody& body, std::vector<std::string> places, bool refresh)
      : body_(&body), places_(std::move(places)), refresh_(refresh) {}

 private:
  friend BulkSender;

  const BulkBody* body_;
  const std::vector<std::string> places_;  // the names of the indices behind body_->indices()
  const bool refresh_;
  std::size_t unsent_ = 0;  // the number of parts to be sent, retries included
  std::size_t in_flight_ = 0;
  Responses responses_;
  std::optional<TaskError> error_;
  bool is_forgotten_ = false;

  bool is_over() const { return error_ || is_forgotten_; }
};

BulkSender::BulkSender(const RestServer& server, const Run& run)
    : server_(server),
      run_(run),
      most_at_once_(std::min(run.options.max_in_flight, kMostAtOnce)),
      http_({.max_in_flight = most_at_once_,
             .max_response_bytes = run.options.max_response_bytes,
             .http1 = run.options.http1,
             .user = server.user,
             .password = server.password}),
      retry_policy_(run.options.retries) {}

BulkSender::~BulkSender() = default;

std::shared_ptr<BulkSender::Sending> BulkSender::Queue(const BulkBody& body,
                                                       std::vector<std::string> places,
                                                       bool refresh) {
  const auto sending = std::make_shared<Sending>(body, std::move(places), refresh);
  std::vector<Part> parts;
  std::size_t size = 0;
  for (std::size_t item = 0; item < body.items(); ++item) {
    const std::size_t next = body.Text(item, item + 1).size();
    if (item == 0 || size + next > kLargestPart || parts.back().items.size() == kMaxItems) {
      parts.push_back({.sending = sending});
      size = 0;
    }
    parts.back().items.push_back(item);
    size += next;
  }
  sending->unsent_ = parts.size();
  const std::lock_guard lock(mutex_);
  std::move(parts.begin(), parts.end(), std::back_inserter(queued_));
  return sending;
}

BulkSender::Responses BulkSender::Await(Sending& sending) {
  while (!sending.error_ && sending.unsent_ + sending.in_flight_ > 0) {
    const bool is_all_sent = sending.unsent_ == 0;
    if (!is_all_sent) run_.stop.ThrowIfSignalled();
    if (run_.stop.TimeLeft().count() == 0) {
      Fail(sending, ExitCode::kTransient, "no response before the deadline");
      break;
    }
    TakeQueued();
    while (!ready_.empty() && http_.in_flight() < most_at_once_ && run_.stop.Signal() == 0) {
      StartNext();
    }
    http_.Wait(UntilNext(), is_all_sent ? -1 : run_.stop.fd());
  }
  if (sending.error_) throw *sending.error_;
  return std::move(sending.responses_);
}

void BulkSender::Forget(Sending& sending) {
  sending.is_forgotten_ = true;
}

// Puts retries that are due before new parts, because they are older.
void BulkSender::TakeQueued() {
  while (!waiting_.empty() && waiting_.begin()->first <= Clock::now()) {
    ready_.push_front(std::move(waiting_.extract(waiting_.begin()).mapped()));
  }
  const std::lock_guard lock(mutex_);
  std::move(queued_.begin(), queued_.end(), std::back_inserter(ready_));
  queued_.clear();
}

void BulkSender::StartNext() {
  Part part = std::move(ready_.front());
  ready_.pop_front();
  Sending& sending = *part.sending;
  --sending.unsent_;
  if (sending.is_over()) return;
  std::string text;
  for (const std::size_t item : part.items) text += sending.body_->Text(item, item + 1);
  // Refreshes after the first request of a run as well, so that its first records are visible at
  // once.
  const bool refresh = sending.refresh_ || !has_sent_;
  HttpRequest request{.method = "POST",
                      .url = server_.url +
                             "/_bulk?filter_path=items.*.status,items.*.result,items.*.error,"
                             "items.*._index,items.*._id" +
                             (refresh ? "&refresh=true" : ""),
                      .headers = server_.headers,
                      .body = gzip_.Compress(text),
                      .timeout = std::min(kLongestResponse, run_.stop.TimeLeft())};
  request.headers.push_back("Content-Type: application/x-ndjson");
  request.headers.push_back("Content-Encoding: gzip");
  if (part.attempts++ == 0) retry_policy_.Count();
  has_sent_ = true;
  ++sending.in_flight_;
  // std::function needs a copyable callable, and moving the part keeps its list of items uncopied.
  http_.Send(std::move(request),
             [this, shared = std::make_shared<Part>(std::move(part))](HttpOutcome& outcome) {
               --shared->sending->in_flight_;
               if (!shared->sending->is_over()) OnOutcome(std::move(*shared), outcome);
             });
}

void BulkSender::OnOutcome(Part&& part, const HttpOutcome& outcome) {
  if (run_.log.Shows(LogLevel::kDebug)) {
    run_.log.Debug(fmt::format("POST {}/_bulk, {} items: {}", server_.url, part.items.size(),
                               Describe(outcome)));
  }
  part.sending->error_ = LastingError(server_, "POST " + server_.url + "/_bulk", outcome);
  if (part.sending->error_) return;
  if (IsWorthAnotherTry(outcome)) {
    return Retry(std::move(part), Describe(outcome),
                 outcome.response ? outcome.response->retry_after : std::chrono::seconds(0));
  }
  const HttpResponse& response = *outcome.response;
  if (response.status == 200) return OnResponse(std::move(part), response);
  if (BlamesTheItems(response)) return Halve(std::move(part), response);
  Fail(*part.sending, ExitCode::kConfig,
       fmt::format("{}: {}", Describe(outcome), ErrorReason(response)));
}

void BulkSender::OnResponse(Part&& part, const HttpResponse& response) {
  const auto items = parser_.Parse(response.body, part.items.size());
  if (!items) return Retry(std::move(part), items.error(), {});
  Responses& responses = part.sending->responses_;
  Part again{.sending = part.sending, .attempts = part.attempts};
  std::string cause;
  for (std::size_t i = 0; i < items->size(); ++i) {
    const BulkItem& item = (*items)[i];
    const bool is_there =
        item.fate == BulkItem::Fate::kStored || item.fate == BulkItem::Fate::kDuplicate;
    if (is_there && !IsWhereItBelongs(item, part, part.items[i])) {
      return FailFor(part, part.items[i], ExitCode::kConfig,
                     fmt::format("the server stored it in the index {} under the id {}, not where "
                                 "it was sent: does an ingest pipeline move it?",
                                 item.index, item.id));
    }
    switch (item.fate) {
      case BulkItem::Fate::kStored:
        ++responses.inserted;
        break;
      case BulkItem::Fate::kDuplicate:
        ++responses.duplicates;
        break;
      case BulkItem::Fate::kTryAgain:
        again.items.push_back(part.items[i]);
        cause = item.reason;
        break;
      case BulkItem::Fate::kRefused:
        responses.refusals.push_back({part.items[i], item.error, item.reason, true});
        break;
      case BulkItem::Fate::kNoRight:
        return FailFor(part, part.items[i], ExitCode::kAuth, item.reason);
      case BulkItem::Fate::kNoPlace:
        return FailFor(part, part.items[i], ExitCode::kConfig, item.reason);
    }
  }
  if (!again.items.empty()) {
    Retry(std::move(again),
          fmt::format("{} of {} items: {}", again.items.size(), items->size(), cause), {});
  }
}

bool BulkSender::IsWhereItBelongs(const BulkItem& item, const Part& part, std::size_t number) {
  const BulkBody& body = *part.sending->body_;
  return item.index == part.sending->places_[body.IndexOf(number)] && item.id == body.Id(number);
}

void BulkSender::Halve(Part&& part, const HttpResponse& response) {
  if (part.items.size() == 1) {
    part.sending->responses_.refusals.push_back(
        {part.items.front(), fmt::format("HTTP {}", response.status),
         fmt::format("HTTP {}: {}", response.status, ErrorReason(response))});
    return;
  }
  const auto middle = part.items.begin() + static_cast<std::ptrdiff_t>(part.items.size() / 2);
  Part second{.sending = part.sending, .items = {middle, part.items.end()}};
  part.items.erase(middle, part.items.end());
  part.attempts = 0;
  part.sending->unsent_ += 2;
  ready_.push_front(std::move(second));
  ready_.push_front(std::move(part));
}

void BulkSender::Retry(Part&& part, const std::string& cause, std::chrono::seconds at_least) {
  const auto wait = retry_policy_.Next(part.attempts, at_least);
  if (!wait || *wait >= run_.stop.TimeLeft()) {
    return Fail(*part.sending, ExitCode::kTransient,
                fmt::format("{}, attempt {}", cause, part.attempts));
  }
  run_.log.Warning(fmt::format("POST {}/_bulk: {}: trying again", server_.url, cause));
  ++part.sending->unsent_;
  waiting_.emplace(Clock::now() + *wait, std::move(part));
}

void BulkSender::Fail(Sending& sending, ExitCode code, const std::string& cause) const {
  sending.error_.emplace(code,
                         fmt::format("POST {}/_bulk: {} ({})", server_.url, cause, server_.source));
}

void BulkSender::FailFor(const Part& part, std::size_t item, ExitCode code,
                         const std::string& reason) const {
  std::string value;
  const ConsumedMessage message = part.sending->body_->Message(item, value);
  Fail(*part.sending, code, fmt::format("{}: {}", *message.event_id, reason));
}

milliseconds BulkSender::UntilNext() const {
  auto at = Clock::now() + std::min(kLongestWait, run_.stop.TimeLeft());
  if (!waiting_.empty()) at = std::min(at, waiting_.begin()->first);
  return std::max(std::chrono::ceil<milliseconds>(at - Clock::now()), milliseconds(0));
}

}  // namespace steamflow
