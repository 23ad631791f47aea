#include "bulk_sender.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>

#include "json.h"

namespace steamflow {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostAtOnce = 4;           // requests: more do not make a server faster
constexpr std::size_t kLargestPart = 1U << 20U;  // bytes, unless one item alone is larger
constexpr milliseconds kLongestAnswer(30'000);
constexpr milliseconds kBetween(100);

// Whether the answer is an error that Elasticsearch itself speaks of, and no proxy.
bool IsElasticsearchError(const HttpResponse& answer) {
  const auto leaves = FlattenJson(answer.body);
  return leaves && leaves->contains("error.type");
}

}  // namespace

BulkSender::BulkSender(const RestServer& server, const Run& run)
    : server_(server),
      run_(run),
      most_at_once_(std::min(run.options.max_in_flight, kMostAtOnce)),
      http_({.max_in_flight = most_at_once_,
             .max_response_bytes = run.options.max_response_bytes,
             .http1 = run.options.http1,
             .user = server.user,
             .password = server.password}) {}

BulkSender::Stored BulkSender::Send(const BulkBody& body, bool refresh,
                                    const OnRefused& on_refused) {
  body_ = &body;
  refresh_ = refresh;
  on_refused_ = &on_refused;
  stored_ = {};
  Cut(body);
  while (!error_ && (!ready_.empty() || !waiting_.empty() || http_.in_flight() > 0)) {
    const bool is_all_sent = ready_.empty() && waiting_.empty();
    if (!is_all_sent) run_.stop.ThrowIfSignalled();
    if (run_.stop.TimeLeft().count() == 0) {
      Fail(ExitCode::kTransient, "no answer before the deadline");
      break;
    }
    while (!waiting_.empty() && waiting_.begin()->first <= Clock::now()) {
      ready_.push_back(std::move(waiting_.extract(waiting_.begin()).mapped()));
    }
    while (!ready_.empty() && http_.in_flight() < most_at_once_) {
      StartNext();
    }
    http_.Wait(UntilNext(), is_all_sent ? -1 : run_.stop.fd());
  }
  if (error_) throw *error_;
  return stored_;
}

void BulkSender::Cut(const BulkBody& body) {
  std::size_t size = 0;
  for (std::size_t item = 0; item < body.items(); ++item) {
    const std::size_t next = body.Text(item, item + 1).size();
    if (item == 0 || size + next > kLargestPart) {
      ready_.emplace_back();
      size = 0;
    }
    ready_.back().items.push_back(item);
    size += next;
  }
}

void BulkSender::StartNext() {
  Part part = std::move(ready_.front());
  ready_.pop_front();
  std::string text;
  for (const std::size_t item : part.items) text += body_->Text(item, item + 1);
  // The first records of a run are to be seen at once too.
  const bool refresh = refresh_ || requests_ == 0;
  HttpRequest request{.method = "POST",
                      .url = server_.url + "/_bulk?filter_path=items.*.status,items.*.error" +
                             (refresh ? "&refresh=true" : ""),
                      .headers = server_.headers,
                      .body = gzip_.Compress(text),
                      .timeout = std::min(kLongestAnswer, run_.stop.TimeLeft())};
  request.headers.push_back("Content-Type: application/x-ndjson");
  request.headers.push_back("Content-Encoding: gzip");
  if (part.attempts++ > 0) ++retries_;
  ++requests_;
  // std::function wants a copyable callable, so the part travels in a shared pointer.
  http_.Send(std::move(request),
             [this, shared = std::make_shared<Part>(std::move(part))](HttpOutcome& outcome) {
               if (!error_) OnOutcome(std::move(*shared), outcome);
             });
}

void BulkSender::OnOutcome(Part&& part, const HttpOutcome& outcome) {
  error_ = LastingError(server_, "POST " + server_.url + "/_bulk", outcome);
  if (error_) return;
  if (IsWorthAnotherTry(outcome)) {
    return Retry(std::move(part), Describe(outcome),
                 outcome.response ? outcome.response->retry_after : std::chrono::seconds(0));
  }
  const HttpResponse& answer = *outcome.response;
  if (answer.status == 200) return OnAnswer(std::move(part), answer);
  const bool is_to_blame =
      answer.status == 413 || (answer.status == 400 && IsElasticsearchError(answer));
  if (is_to_blame) return Halve(std::move(part), answer);
  Fail(ExitCode::kConfig, fmt::format("{}: {}", Describe(outcome), ErrorReason(answer)));
}

void BulkSender::OnAnswer(Part&& part, const HttpResponse& answer) {
  const auto items = parser_.Parse(answer.body, part.items.size());
  if (!items) return Retry(std::move(part), items.error(), {});
  Part again{.attempts = part.attempts};
  std::string cause;
  for (std::size_t i = 0; i < items->size(); ++i) {
    const BulkItem& item = (*items)[i];
    switch (item.fate) {
      case BulkItem::Fate::kStored:
        ++stored_.inserted;
        break;
      case BulkItem::Fate::kDuplicate:
        ++stored_.duplicates;
        break;
      case BulkItem::Fate::kTryAgain:
        again.items.push_back(part.items[i]);
        cause = item.reason;
        break;
      case BulkItem::Fate::kRefused:
        (*on_refused_)(part.items[i], item.reason);
        break;
      case BulkItem::Fate::kNoRight:
        return Fail(ExitCode::kAuth, item.reason);
      case BulkItem::Fate::kNoIndex:
        return Fail(ExitCode::kConfig, item.reason);
    }
  }
  if (!again.items.empty()) {
    Retry(std::move(again),
          fmt::format("{} of {} items: {}", again.items.size(), items->size(), cause), {});
  }
}

void BulkSender::Halve(Part&& part, const HttpResponse& answer) {
  if (part.items.size() == 1) {
    return (*on_refused_)(part.items.front(),
                          fmt::format("HTTP {}: {}", answer.status, ErrorReason(answer)));
  }
  const auto middle = part.items.begin() + static_cast<std::ptrdiff_t>(part.items.size() / 2);
  Part second{.items = {middle, part.items.end()}};
  part.items.erase(middle, part.items.end());
  part.attempts = 0;
  ready_.push_front(std::move(second));
  ready_.push_front(std::move(part));
}

void BulkSender::Retry(Part&& part, const std::string& cause, std::chrono::seconds at_least) {
  const std::uint64_t spent = retries_ + waiting_.size();
  const bool may_retry = part.attempts <= run_.options.retries &&
                         spent < std::max<std::uint64_t>(10, (requests_ - retries_) / 5);
  const auto at = Clock::now() + at_least + backoff_.After(part.attempts);
  if (!may_retry || at >= Clock::now() + run_.stop.TimeLeft()) {
    return Fail(ExitCode::kTransient, fmt::format("{}, attempt {}", cause, part.attempts));
  }
  run_.log.Warning(fmt::format("POST {}/_bulk: {}: trying again", server_.url, cause));
  waiting_.emplace(at, std::move(part));
}

void BulkSender::Fail(ExitCode code, const std::string& cause) {
  error_.emplace(code, fmt::format("POST {}/_bulk: {} ({})", server_.url, cause, server_.source));
}

milliseconds BulkSender::UntilNext() const {
  auto at = Clock::now() + std::min(kBetween, run_.stop.TimeLeft());
  if (!waiting_.empty()) at = std::min(at, waiting_.begin()->first);
  return std::max(std::chrono::ceil<milliseconds>(at - Clock::now()), milliseconds(0));
}

}  // namespace steamflow
