#include "command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "airflow_variable.h"
#include "file_io.h"
#include "shard.h"
#include "version.h"

namespace steamflow {
namespace {

using std::chrono::milliseconds;

constexpr char kPodXcomFile[] = "/airflow/xcom/return.json";  // KubernetesPodOperator's sidecar
// For pushing the metrics: what is left of the deadline, within these. A run that has used up its
// time still has something to tell, and a Pushgateway that answers does so in milliseconds.
constexpr milliseconds kShortestPush(200);
constexpr milliseconds kLongestPush(800);

// Without this a descriptor that the caller closed would be handed to the first socket, and a line
// meant for stderr would go into it.
bool OpenStandardStreams() {
  bool stdout_is_open = true;
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) != -1) continue;
    if (fd == STDOUT_FILENO) stdout_is_open = false;
    if (::open("/dev/null", O_RDWR) != fd) std::abort();  // the lowest free descriptor, by POSIX
  }
  return stdout_is_open;
}

// The environment holds secrets, and a core dump would hold the environment.
void ForbidCoreDumps() {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  ::prctl(PR_SET_DUMPABLE, 0);
#endif
}

LogLevel ParseLevel(const std::string& name) {
  if (name == "debug") return LogLevel::kDebug;
  if (name == "info") return LogLevel::kInfo;
  if (name == "error") return LogLevel::kError;
  return LogLevel::kWarning;
}

}  // namespace

Command::Command(const std::string& name, const std::string& about, const std::string& example)
    : name_(name),
      flags_(name, about,
             "Example:\n  " + example +
                 "\n\nThe last line on stdout is the result, as JSON. Exit codes: 0 done, 64 "
                 "usage, 65 data, 70 bug,\n74 output, 75 try again, 77 credentials, 78 "
                 "configuration, 99 nothing to do, 130/143 signal.",
             fmt::format("{} {}", name, kVersion)) {
  head_.task = name_;
  const Flags common = flags_.Under("Common to all tasks");
  common.Add("--logical-date", logical_date_,
             "Date of the run, ISO 8601 [env: AIRFLOW_CTX_LOGICAL_DATE; default: now]");
  common
      .Add("--deadline", options_.deadline_seconds,
           "Seconds until the run ends, whatever it has got done")
      .Range(0.1, 86400.0)
      .Check([](const std::string& text) {  // which lies in every range
        return std::isnan(std::atof(text.c_str())) ? "it is no number" : "";
      });
  common.Add("--max-in-flight", options_.max_in_flight, "HTTP requests at a time")
      .Range(std::size_t{1}, std::size_t{1000});
  common
      .Add("--retries", options_.retries,
           "Attempts of a request after its first; in a run at most the larger of 10 and 20% of "
           "its requests")
      .Range(0U, 100U);
  common
      .Add("--max-response-bytes", options_.max_response_bytes,
           "Largest body that is taken, decompressed")
      .Range(std::uint64_t{1024}, std::uint64_t{1} << 30U);
  common
      .Add("--max-bytes-in-flight", options_.max_bytes_in_flight,
           "Largest sum of the bodies of responses under way: fewer requests at a time where they "
           "are "
           "large")
      .Range(std::uint64_t{1024}, std::uint64_t{1} << 40U);
  common.Add("--allow-http", options_.allow_http,
             "Talk plain http to hosts other than loopback too");
  common.Add("--http1", options_.http1, "Never use HTTP/2");
  common.Add("--xcom-file", xcom_file_,
             fmt::format("Write the result line to this file too [default: {} where that folder "
                         "exists]",
                         kPodXcomFile));
  common.Add("--pushgateway-url", pushgateway_url_,
             WithVariable("Push metrics to this Pushgateway", "PUSHGATEWAY_URL"));
  common.Add("--metrics-file", metrics_file_,
             "Write metrics to this file, for node_exporter's textfile collector");
  common.Add("--log-level", log_level_, "debug, info, warning or error")
      .OneOf({"debug", "info", "warning", "error"});
  common.Add("--log-format", log_format_, "text or json, on stderr").OneOf({"text", "json"});
  common.Add("--no-progress", no_progress_, "No progress line on a terminal");
}

int Command::Main(int argc, char** argv, const std::function<void(Run&)>& body) {
  std::signal(SIGPIPE, SIG_IGN);
  ForbidCoreDumps();
  const auto started = Clock::now();
  const bool has_stdout = OpenStandardStreams();
  head_.run.logical_date = Now();
  try {
    if (!flags_.Parse(argc, argv)) return static_cast<int>(ExitCode::kSuccess);
  } catch (const TaskError& error) {
    head_.exit_code = error.code();
    head_.error = fmt::format("{} (try {} --help)", error.what(), name_);
  }
  log_ = std::make_unique<Log>(name_, ParseLevel(log_level_),
                               log_format_ == "json" ? LogFormat::kJson : LogFormat::kText,
                               !no_progress_);
  ChooseXcomFile();
  if (!has_stdout) {
    head_.exit_code = ExitCode::kOutput;
    head_.error = "stdout is closed, so the result could not be given to anybody: nothing was done";
  }
  if (head_.error.empty()) Execute(body);
  head_.error = log_->Redact(head_.error);
  if (!head_.error.empty() && head_.exit_code != ExitCode::kSkipped) log_->Error(head_.error);
  head_.elapsed_seconds = std::chrono::duration<double>(Clock::now() - started).count();
  WriteXcomFile();
  Publish();
  return static_cast<int>(PrintResult());
}

void Command::Execute(const std::function<void(Run&)>& body) {
  try {
    const auto deadline = std::chrono::duration<double>(options_.deadline_seconds);
    const Stop stop(std::chrono::duration_cast<std::chrono::milliseconds>(deadline));
    head_.run = ReadRunIdentity(logical_date_);
    metrics_ = ReadMetricsTargets(pushgateway_url_, metrics_file_);
    CheckXcomFile();
    Run run{name_, *log_, stop, head_.run, options_, result_};
    body(run);
  } catch (const TaskError& error) {
    head_.exit_code = error.code();
    head_.error = error.what();
  } catch (const std::exception& error) {
    head_.exit_code = ExitCode::kInternal;
    head_.error = fmt::format("internal error: {}", error.what());
  }
}

// Whoever reads the file hears of a usage error there too: the flag is looked up, as it is not set
// yet where another was refused.
void Command::ChooseXcomFile() {
  xcom_file_ = flags_.TextOf("--xcom-file");
  const std::filesystem::path pod_folder = std::filesystem::path(kPodXcomFile).parent_path();
  std::error_code ignored;
  if (xcom_file_.empty() && std::filesystem::is_directory(pod_folder, ignored)) {
    xcom_file_ = kPodXcomFile;
  }
}

// A path that cannot be written is better known before the work than after it.
void Command::CheckXcomFile() {
  if (xcom_file_.empty()) return;
  std::filesystem::path folder = std::filesystem::path(xcom_file_).parent_path();
  if (folder.empty()) folder = ".";
  if (::access(folder.c_str(), W_OK) == 0) return;
  const std::string cause = std::strerror(errno);
  const std::string path = std::exchange(xcom_file_, "");
  throw TaskError(ExitCode::kOutput, fmt::format("--xcom-file {}: {}", path, cause));
}

void Command::WriteXcomFile() {
  if (xcom_file_.empty()) return;
  const auto written = ReplaceFile(xcom_file_, FormatResult(head_, result_) + "\n");
  if (written) return;
  head_.exit_code = ExitCode::kOutput;
  head_.error = fmt::format("--xcom-file {}: {}", xcom_file_, written.error().message());
  log_->Error(head_.error);
}

void Command::Publish() {
  if (metrics_.pushgateway_url.empty() && metrics_.file.empty()) return;
  const auto shard = ParseShard(flags_.TextOf("--shard"));
  const milliseconds run(static_cast<std::int64_t>(1000 * head_.elapsed_seconds));
  const milliseconds deadline(static_cast<std::int64_t>(1000 * options_.deadline_seconds));
  const auto labels = LabelsOf(head_, shard ? std::optional(shard->index) : std::nullopt);
  try {
    PublishMetrics(metrics_, head_, result_, labels,
                   std::clamp(deadline - run, kShortestPush, kLongestPush), *log_);
  } catch (const std::exception& error) {
    log_->Warning(fmt::format("publishing the metrics: {}", error.what()));
  }
}

ExitCode Command::PrintResult() {
  const std::string text = FormatResult(head_, result_) + "\n";
  log_.reset();  // clears the progress line, which must not follow the result
  const auto written = WriteAll(STDOUT_FILENO, text);
  if (written) return head_.exit_code;
  const std::string message =
      fmt::format("{}: writing the result line: {}\n", name_, written.error().message());
  [[maybe_unused]] const auto told = ::write(STDERR_FILENO, message.data(), message.size());
  return ExitCode::kOutput;
}

}  // namespace steamflow
