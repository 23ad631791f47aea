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
#include <new>
#include <system_error>

#include "airflow_variable.h"
#include "file_io.h"
#include "json.h"
#include "json_document.h"
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
// For telling Airflow's supervisor the end, each of two answers: its API may be slow.
constexpr milliseconds kShortestTelling(1'500);
constexpr milliseconds kLongestTelling(20'000);
constexpr milliseconds kLastWord(150);  // what the watchdog leaves

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
#ifndef STEAMFLOW_SANITIZE
  ::prctl(PR_SET_DUMPABLE, 0);
#endif
}

// The result is out: nothing is waited for any more, such as threads that were left in a library. A
// sanitizer has something to say at the end.
int EndProcess(ExitCode code) {
#ifndef STEAMFLOW_SANITIZE
  ::_exit(static_cast<int>(code));
#endif
  return static_cast<int>(code);
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
           "are large")
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

Command::~Command() = default;

int Command::Main(int argc, char** argv, const std::function<void(Run&)>& body) {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // so that a write beyond the limit of a file's size fails
  ForbidCoreDumps();
  started_ = Clock::now();
  const bool has_stdout = OpenStandardStreams();
  head_.run.logical_date = Now();
  std::optional<TaskError> error;
  try {
    if (!flags_.Parse(argc, argv)) return static_cast<int>(ExitCode::kSuccess);
  } catch (const TaskError& usage) {
    error.emplace(usage.code(), fmt::format("{} (try {} --help)", usage.what(), name_));
  }
  log_ = std::make_unique<Log>(name_, ParseLevel(log_level_),
                               log_format_ == "json" ? LogFormat::kJson : LogFormat::kText,
                               !no_progress_);
  ChooseXcomFile();
  if (!has_stdout) {
    error.emplace(
        ExitCode::kOutput,
        "stdout is closed, so the result could not be given to anybody: nothing was done");
  }
  error = Execute(error, body);
  return EndProcess(Tell(error, metrics_, kLongestTelling));
}

// Also where the command line is refused the run has a deadline, for the telling of it.
std::optional<TaskError> Command::Execute(const std::optional<TaskError>& refused,
                                          const std::function<void(Run&)>& body) {
  std::optional<TaskError> error;
  try {
    const std::chrono::duration<double> deadline(refused ? CommonOptions().deadline_seconds
                                                         : options_.deadline_seconds);
    stop_.emplace(std::chrono::duration_cast<milliseconds>(deadline));
    watchdog_.emplace(*stop_, [this] { return GiveUp(); });
    TakeLog();
    if (refused) throw *refused;
    head_.run = ReadRunIdentity(logical_date_);
    metrics_ = ReadMetricsTargets(pushgateway_url_, metrics_file_);
    CheckXcomFile();
    Run run{name_, *log_, *stop_, head_.run, options_, result_};
    body(run);
  } catch (const TaskError& its) {
    error = its;
  } catch (const std::system_error& its) {  // of a thread; what else fails is a TaskError
    error.emplace(ExitCode::kTransient,
                  fmt::format("a limit of processes or of memory allows no more threads: {}",
                              its.code().message()));
  } catch (const std::bad_alloc&) {
    error.emplace(ExitCode::kTransient, "a limit of memory is reached");
  } catch (const std::exception& its) {
    error.emplace(ExitCode::kInternal, fmt::format("internal error: {}", its.what()));
  }
  if (!error || !stop_) return error;
  const auto code = stop_->CodeOfSignal();
  if (!code || code == error->code()) return error;
  // Whatever failed after the signal, failed as the run was stopped.
  return TaskError(*code, fmt::format("stopped by a signal: {}", error->what()));
}

// A native task's log is Airflow's.
void Command::TakeLog() {
  supervisor_ = TaskSupervisor::Inherited();
  if (!supervisor_) return;
  const bool is_chosen = !flags_.TextOf("--log-level").empty();
  supervisor_->TakeLog(name_, is_chosen ? std::optional(ParseLevel(log_level_)) : std::nullopt,
                       *log_);
}

// What the run has counted is told as it stands: stuck where it is, the run counts no more.
ExitCode Command::GiveUp() {
  const auto code = stop_->CodeOfSignal();
  const std::string end =
      code ? "stopped by a signal"
           : fmt::format("the deadline of {} s has passed", options_.deadline_seconds);
  return Tell(TaskError(code.value_or(ExitCode::kTransient),
                        end + ", and the run was still waiting inside of a library"),
              MetricsTargets(), kLastWord);
}

// Once, whoever comes first. Returns the exit code of the process.
ExitCode Command::Tell(const std::optional<TaskError>& error, const MetricsTargets& metrics,
                       milliseconds for_airflow) {
  const std::lock_guard lock(telling_);
  if (is_told_) return process_code_;
  if (error) {
    head_.exit_code = error->code();
    head_.error = log_->Redact(error->what());
    if (head_.exit_code != ExitCode::kSkipped) log_->Error(head_.error);
    if (head_.exit_code == ExitCode::kSkipped && supervisor_) log_->Info(head_.error);
  }
  head_.elapsed_seconds = std::chrono::duration<double>(Clock::now() - started_).count();
  WriteXcomFile();
  Publish(metrics);
  PrintResult();
  process_code_ = supervisor_ ? TellAirflow(for_airflow) : head_.exit_code;
  is_told_ = true;
  return process_code_;
}

// The supervisor takes what it is told only from a process that ends with 0.
ExitCode Command::TellAirflow(milliseconds at_most) {
  TaskEnd end{
      .code = head_.exit_code, .reason = head_.error, .result = FormatResult(head_, result_)};
  if (head_.exit_code == ExitCode::kTransient && result_.retry_after.count() > 0) {
    end.retry_after = result_.retry_after;
  }
  if (result_.sink && result_.sink->type == "kafka") {
    end.event = JsonObject()
                    .Add("topic", result_.sink->topic)
                    .Add("run_id", head_.run.run_id)
                    .Add("acknowledged", result_.sink->acknowledged)
                    .Take();
  }
  const auto shortest = stop_->CodeOfSignal() ? kShortestPush : kShortestTelling;
  const auto patience = std::min(std::max(stop_->TimeLeft(), shortest), at_most);
  return supervisor_->Tell(end, patience, *log_) ? ExitCode::kSuccess : head_.exit_code;
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
  head_.error = fmt::format("--xcom-file {}: {}", xcom_file_, WriteCause(written.error()));
  log_->Error(head_.error);
}

void Command::Publish(const MetricsTargets& metrics) {
  if (metrics.pushgateway_url.empty() && metrics.file.empty()) return;
  const auto shard = ParseShard(flags_.TextOf("--shard"));
  const auto labels = LabelsOf(head_, shard ? std::optional(shard->index) : std::nullopt);
  const auto shortest = stop_->CodeOfSignal() ? milliseconds(0) : kShortestPush;
  try {
    PublishMetrics(metrics, head_, result_, labels,
                   std::clamp(stop_->TimeLeft(), shortest, kLongestPush), *log_);
  } catch (const std::exception& error) {
    log_->Warning(fmt::format("publishing the metrics: {}", error.what()));
  }
}

void Command::PrintResult() {
  const std::string text = FormatResult(head_, result_) + "\n";
  log_->EndProgress();  // which must not follow the result
  const auto written = WriteAll(STDOUT_FILENO, text);
  if (written) return;
  log_->Error(fmt::format("writing the result line: {}", written.error().message()));
  head_.exit_code = ExitCode::kOutput;
}

}  // namespace steamflow
