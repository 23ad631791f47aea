#include "metrics.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <charconv>

#include "airflow_variable.h"
#include "environment.h"
#include "file_io.h"
#include "http_client.h"
#include "web_url.h"

namespace steamflow {
namespace {

using std::chrono::milliseconds;

constexpr char kVariable[] = "PUSHGATEWAY_URL";
constexpr char kLastSuccess[] = "steamflow_last_success_timestamp_seconds";
constexpr std::size_t kLongestReason = 200;

std::string EscapeLabel(const std::string& value) {
  std::string escaped;
  for (const char c : value) {
    if (c == '\\' || c == '"') escaped += '\\';
    if (c == '\n') {
      escaped += "\\n";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

// Builds the text format of metrics, each with its HELP and TYPE lines.
class MetricText {
 public:
  explicit MetricText(const MetricLabels& labels) {
    for (const auto& [name, value] : labels) AppendLabel(labels_, name, value);
  }

  // Begins a metric. The values that follow belong to it.
  void Begin(const char* name, const char* type, const char* help) {
    name_ = name;
    text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }

  template <typename Number>
  void Add(Number value, const MetricLabels& more = {}, const char* suffix = "") {
    std::string labels = labels_;
    for (const auto& [name, label] : more) AppendLabel(labels, name, label);
    text_ += fmt::format("{}{}{{{}}} {}\n", name_, suffix, labels, value);
  }

  template <typename Number>
  void Gauge(const char* name, const char* help, Number value, const MetricLabels& more = {}) {
    Begin(name, "gauge", help);
    Add(value, more);
  }

  void Histogram(const char* name, const char* help, const DurationHistogram& histogram) {
    Begin(name, "histogram", help);
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < histogram.counts().size(); ++i) {
      count += histogram.counts()[i];
      const bool has_end = i < DurationHistogram::kEnds.size();
      const std::string end = has_end ? fmt::to_string(DurationHistogram::kEnds[i]) : "+Inf";
      Add(count, {{"le", end}}, "_bucket");
    }
    Add(histogram.sum().count(), {}, "_sum");
    Add(count, {}, "_count");
  }

  std::string Take() { return std::move(text_); }

 private:
  static void AppendLabel(std::string& labels, const std::string& name, const std::string& value) {
    labels += fmt::format("{}{}=\"{}\"", labels.empty() ? "" : ",", name, EscapeLabel(value));
  }

  std::string labels_;  // labels of every metric
  std::string name_;
  std::string text_;
};

void AddSource(MetricText& text, const SourceResult& source) {
  const RequestOutcomes& outcomes = source.outcomes;
  const std::uint64_t ended = outcomes.ok + outcomes.rate_limited + outcomes.server_error +
                              outcomes.refused + outcomes.bad_body + outcomes.network_error;
  text.Begin("steamflow_run_requests", "gauge", "HTTP requests of the last run, retries included.");
  text.Add(outcomes.ok, {{"outcome", "ok"}});
  text.Add(outcomes.rate_limited, {{"outcome", "rate_limited"}});
  text.Add(outcomes.server_error, {{"outcome", "server_error"}});
  text.Add(outcomes.refused, {{"outcome", "refused"}});
  text.Add(outcomes.bad_body, {{"outcome", "bad_body"}});
  text.Add(outcomes.network_error, {{"outcome", "network_error"}});
  text.Add(source.requests - ended, {{"outcome", "unanswered"}});
  text.Gauge("steamflow_run_retries", "Retries among the requests of the last run.",
             source.retries);
  text.Histogram("steamflow_request_duration_seconds", "HTTP requests of the last run.",
                 source.request_durations);
  text.Begin("steamflow_run_items", "gauge", "Ids, apps or games that the last run asked for.");
  text.Add(source.items.ok, {{"outcome", "ok"}});
  text.Add(source.items.empty, {{"outcome", "empty"}});
  text.Add(source.items.withheld, {{"outcome", "withheld"}});
  text.Add(source.items.absent, {{"outcome", "absent"}});
  text.Add(source.items.rejected, {{"outcome", "rejected"}});
}

void AddRecords(MetricText& text, const Result& result) {
  text.Begin("steamflow_run_records", "gauge", "Records that the last run delivered or took.");
  if (result.sink) text.Add(result.sink->records, {{"topic", result.sink->topic}});
  if (result.drain) {
    for (const auto& topic : result.drain->topics) text.Add(topic.records, {{"topic", topic.name}});
  }
  text.Gauge("steamflow_run_dead_letters", "Dead letters of the last run.",
             result.sink ? result.sink->dead_letters : result.drain->dead_letters);
  if (!result.sink) return;
  text.Gauge("steamflow_run_bytes", "Bytes of the values of the last run's records.",
             result.sink->bytes, {{"topic", result.sink->topic}});
}

void AddDrain(MetricText& text, const DrainResult& drain) {
  text.Begin("steamflow_sink_lag_records", "gauge",
             "Records that were in Kafka at the start of the last run and are not stored.");
  for (const auto& topic : drain.topics) text.Add(topic.lag, {{"topic", topic.name}});
  text.Begin("steamflow_run_stored_records", "gauge", "What became of the last run's records.");
  text.Add(drain.inserted, {{"outcome", "inserted"}});
  text.Add(drain.duplicates, {{"outcome", "duplicate"}});
  text.Histogram("steamflow_batch_duration_seconds", "Storing the batches of the last run.",
                 drain.batch_durations);
}

std::uint64_t LeadingNumber(const std::string& text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

void AddCursors(MetricText& text, const std::vector<CursorResult>& cursors) {
  text.Begin("steamflow_cursor_position", "gauge",
             "Account number of the next id; date of the newest item of news.");
  for (const CursorResult& cursor : cursors) {
    text.Add(cursor.position, {{"cursor", cursor.key}});
  }
}

// Returns whether a Pushgateway accepts the value as part of a path. It cannot contain a slash, and
// a value of dots only would be removed as a path segment.
bool IsPlain(const std::string& value) {
  const bool has_letter = std::any_of(value.begin(), value.end(), [](char c) { return c != '.'; });
  const bool is_clean = std::all_of(value.begin(), value.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
           c == '_' || c == '-';
  });
  return has_letter && is_clean;
}

// Encodes text in base64url (RFC 4648, section 5), with padding.
std::string Base64Url(const std::string& text) {
  std::vector<unsigned char> encoded(4 * ((text.size() + 2) / 3) + 1);
  const int size =
      EVP_EncodeBlock(encoded.data(), reinterpret_cast<const unsigned char*>(text.data()),
                      static_cast<int>(text.size()));
  std::string url(encoded.begin(), encoded.begin() + size);
  std::replace(url.begin(), url.end(), '+', '-');
  std::replace(url.begin(), url.end(), '/', '_');
  return url;
}

// Pushes the metrics. Returns the reason if the Pushgateway did not accept them, otherwise nullopt.
std::optional<std::string> Push(const std::string& url, std::string text, milliseconds at_most) {
  HttpClient client({.max_in_flight = 1, .http1 = true});
  std::optional<HttpOutcome> ended;
  client.Send({.method = "POST",
               .url = url,
               .headers = {"Content-Type: text/plain; version=0.0.4"},
               .body = std::move(text),
               .timeout = at_most},
              [&](HttpOutcome& outcome) { ended = std::move(outcome); });
  while (!ended) client.Wait(at_most, -1);
  if (!ended->response) return ended->error.message;
  if (ended->response->status / 100 == 2) return std::nullopt;
  return fmt::format("HTTP {}: {}", ended->response->status,
                     ended->response->body.substr(0, kLongestReason));
}

// Returns the time of the last success that an earlier run has written to the file, if any.
std::optional<Instant> LastSuccessIn(const std::string& path) {
  // A read error is ignored here: writing the file reports it.
  const std::string text = ReadFile(path).value_or("");
  const auto line = text.find(fmt::format("\n{}{{", kLastSuccess));
  if (line == std::string::npos) return std::nullopt;
  const auto end = text.find('\n', line + 1);
  const auto value = text.rfind(' ', end) + 1;
  return Instant(std::chrono::seconds(LeadingNumber(text.substr(value))));
}

}  // namespace

MetricLabels LabelsOf(const ResultHead& head, std::optional<std::uint64_t> shard) {
  MetricLabels labels{{"job", head.task}};
  if (!head.run.dag_id.empty()) labels.emplace_back("dag_id", head.run.dag_id);
  if (!head.run.task_id.empty()) labels.emplace_back("task_id", head.run.task_id);
  if (shard) labels.emplace_back("shard", fmt::to_string(*shard));
  return labels;
}

std::string FormatMetrics(const ResultHead& head, const Result& result, const MetricLabels& labels,
                          Instant ended, std::optional<Instant> last_success) {
  MetricText text(labels);
  text.Gauge("steamflow_run_timestamp_seconds", "When the last run ended.",
             ended.time_since_epoch().count());
  if (last_success) {
    text.Gauge(kLastSuccess, "When the last run that succeeded ended.",
               last_success->time_since_epoch().count());
  }
  text.Gauge("steamflow_run_duration_seconds", "Time that the last run took.",
             head.elapsed_seconds);
  text.Gauge("steamflow_run_exit_code", "Exit code of the last run.",
             static_cast<int>(head.exit_code));
  if (result.source) AddSource(text, *result.source);
  if (result.sink || result.drain) AddRecords(text, result);
  if (result.drain) AddDrain(text, *result.drain);
  if (!result.cursors.empty()) AddCursors(text, result.cursors);
  if (result.call_budget) {
    text.Gauge("steamflow_call_budget_limit", "Calls with the API key a day.",
               result.call_budget->limit);
    text.Gauge("steamflow_call_budget_left", "Calls with the API key that are left today.",
               result.call_budget->left);
  }
  return text.Take();
}

std::string GroupPath(const MetricLabels& labels) {
  std::string path = "/metrics";
  for (const auto& [name, value] : labels) {
    path += IsPlain(value) ? fmt::format("/{}/{}", name, value)
                           : fmt::format("/{}@base64/{}", name, Base64Url(value));
  }
  return path;
}

MetricsTargets ReadMetricsTargets(const std::string& pushgateway_flag, const std::string& file) {
  auto setting = ReadSetting("--pushgateway-url", pushgateway_flag, kVariable);
  if (!setting) {
    if (const auto plain = EnvironmentValue(kVariable)) {
      setting = Setting{*plain, kVariable, ExitCode::kConfig};
    }
  }
  if (!setting) return {"", file};
  // Plain http is allowed because it exposes only numbers, no secrets.
  return {CheckWebUrl(*setting, true, "the metrics", "http://localhost:9091"), file};
}

void PublishMetrics(const MetricsTargets& targets, const ResultHead& head, const Result& result,
                    const MetricLabels& labels, milliseconds at_most, Log& log) {
  const Instant now = Now();
  std::optional<Instant> last_success;
  if (head.exit_code == ExitCode::kSuccess) last_success = now;
  if (!targets.pushgateway_url.empty()) {
    const std::string url = targets.pushgateway_url + GroupPath(labels);
    const auto text = FormatMetrics(head, result, labels, now, last_success);
    if (const auto error = Push(url, text, at_most)) {
      log.Warning(fmt::format("pushing the metrics to {}: {}", url, *error));
    }
  }
  if (!targets.file.empty()) {
    // Unlike a push, a new file keeps nothing of the old one.
    if (!last_success) last_success = LastSuccessIn(targets.file);
    const auto written =
        ReplaceFile(targets.file, FormatMetrics(head, result, labels, now, last_success));
    if (!written) {
      log.Warning(fmt::format("--metrics-file {}: {}", targets.file, written.error().message()));
    }
  }
}

}  // namespace steamflow
