#include "rest_client.h"

#include <fmt/format.h>

#include <algorithm>

#include "json_document.h"

namespace steamflow {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongestResponse(30'000);
constexpr std::size_t kLongestReason = 200;

// Elasticsearch also returns 403 while all writes are blocked, by an operator or because a disk is
// full.
bool IsClusterBlock(const HttpResponse& response) {
  if (response.status != 403) return false;
  const JsonLeaves leaves = ParseLeaves(response.body);
  const auto type = leaves.find("error.type");
  return type != leaves.end() && type->second == "cluster_block_exception";
}

}  // namespace

std::string Describe(const HttpOutcome& outcome) {
  return outcome.response ? fmt::format("HTTP {}", outcome.response->status)
                          : outcome.error.message;
}

std::optional<TaskError> LastingError(const RestServer& server, const std::string& request,
                                      const HttpOutcome& outcome) {
  const auto error = [&](ExitCode code, const std::string& cause) {
    return TaskError(
        code, fmt::format("{}: {}{} ({})", request, Describe(outcome), cause, server.source));
  };
  if (!outcome.response) {
    if (outcome.error.kind == HttpError::Kind::kNetwork) return std::nullopt;
    return error(ExitCode::kConfig, "");
  }
  const int status = outcome.response->status;
  if (IsClusterBlock(*outcome.response)) {
    return error(ExitCode::kTransient, ": " + ErrorReason(*outcome.response));
  }
  if (status == 401) return error(ExitCode::kAuth, ", the login is refused");
  if (status == 403) return error(ExitCode::kAuth, ", permission denied");
  if (status >= 300 && status < 400) {
    return error(ExitCode::kConfig, ", a redirect that is not followed");
  }
  return std::nullopt;
}

bool IsWorthAnotherTry(const HttpOutcome& outcome) {
  if (!outcome.response) return outcome.error.kind == HttpError::Kind::kNetwork;
  return IsTransientStatus(outcome.response->status);
}

std::string ErrorReason(const HttpResponse& response) {
  const JsonLeaves leaves = ParseLeaves(response.body);
  for (const char* path : {"error.reason", "message", "error"}) {
    const auto found = leaves.find(path);
    if (found == leaves.end()) continue;
    std::string reason = found->second;
    std::string cause;  // the innermost one
    for (std::string at = "error.caused_by."; leaves.contains(at + "reason"); at += "caused_by.") {
      cause = " (" + leaves.at(at + "reason") + ")";
    }
    return reason + cause;
  }
  return response.body.substr(0, kLongestReason);
}

RestClient::RestClient(RestServer server, const Run& run, WhileAway while_away,
                       AfterStop after_stop)
    : server_(std::move(server)),
      run_(run),
      while_away_(while_away),
      after_stop_(after_stop),
      http_({.max_in_flight = 1,
             .max_response_bytes = run.options.max_response_bytes,
             .http1 = run.options.http1,
             .user = server_.user,
             .password = server_.password}),
      retry_policy_(run.options.retries) {}

HttpResponse RestClient::Ask(const std::string& method, const std::string& path,
                             const std::string& body, const std::string& content_type) {
  HttpRequest request{
      .method = method, .url = server_.url + path, .headers = server_.headers, .body = body};
  if (!body.empty()) request.headers.push_back("Content-Type: " + content_type);
  const std::string name = fmt::format("{} {}", method, request.url);
  retry_policy_.Count();
  for (unsigned attempts = 1;; ++attempts) {
    request.timeout = std::min(kLongestResponse, Left());
    HttpOutcome outcome = Attempt(request);
    if (run_.log.Shows(LogLevel::kDebug)) {
      run_.log.Debug(fmt::format("{}: {}", name, Describe(outcome)));
    }
    if (auto error = LastingError(server_, name, outcome)) throw *std::move(error);
    if (!IsWorthAnotherTry(outcome)) return *std::move(outcome.response);

    const std::string message = fmt::format("{}: {}", name, Describe(outcome));
    const bool counts = outcome.response || while_away_ == WhileAway::kCountRetries;
    const auto retry_after =
        outcome.response ? outcome.response->retry_after : std::chrono::seconds(0);
    const auto wait = counts ? retry_policy_.Next(attempts, retry_after)
                             : std::optional(retry_policy_.Wait(attempts));
    if (!wait || *wait >= Left()) throw TaskError(ExitCode::kTransient, message);
    run_.log.Warning(message + ": trying again");
    if (run_.stop.WaitFor(*wait)) ThrowIfStopped();
  }
}

HttpOutcome RestClient::Attempt(const HttpRequest& request) {
  std::optional<HttpOutcome> ended;
  http_.Send(request, [&](HttpOutcome& outcome) { ended = std::move(outcome); });
  const int wake_fd = after_stop_ == AfterStop::kThrow ? run_.stop.fd() : -1;
  while (!ended) {
    http_.Wait(milliseconds(1000), wake_fd);
    ThrowIfStopped();
    if (!ended && run_.stop.TimeLeft().count() == 0) {
      http_.Abandon();
      ended.emplace().error.message = "no response before the deadline";
    }
  }
  return *std::move(ended);
}

void RestClient::ThrowIfStopped() const {
  if (after_stop_ == AfterStop::kThrow) run_.stop.ThrowIfSignalled();
}

milliseconds RestClient::Left() const {
  if (after_stop_ == AfterStop::kFinish) return run_.stop.TimeLeft();
  return std::chrono::ceil<milliseconds>(run_.stop.work_until() - Clock::now());
}

}  // namespace steamflow
