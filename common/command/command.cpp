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
#include <string_view>
#include <system_error>

#include "airflow_variable.h"
#include "description.h"
#include "file_io.h"
#include "json.h"
#include "json_document.h"
#include "shard.h"
#include "trace_context.h"
#include "version.h"

namespace steamflow {
namespace {

using std::chrono::milliseconds;

constexpr char kPodXcomFile[] = "/airflow/xcom/return.json";  // of KubernetesPodOperator's sidecar
// Limits of the time for pushing the metrics, which is otherwise the rest of the deadline. A run
// that has used up its time still has metrics to push, and a working Pushgateway responds within
// milliseconds.
constexpr milliseconds kShortestPush(200);
constexpr milliseconds kLongestPush(800);
// For telling Airflow's supervisor the end, each of two answers: its API may be slow.
constexpr milliseconds kShortestTelling(1'500);
constexpr milliseconds kLongestTelling(20'000);
constexpr milliseconds kLastWord(150);  // what the watchdog leaves

// Opens standard streams that the caller has closed. Otherwise the first socket would get the free
// descriptor, and a line meant for stderr would be sent through it. Returns false if stdout was
// closed.
bool OpenStandardStreams() {
  bool stdout_is_open = true;
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) != -1) continue;
    if (fd == STDOUT_FILENO) stdout_is_open = false;
    // Reading a closed stdin must stay an error and not look like an empty input.
    const int mode = fd == STDIN_FILENO ? O_WRONLY : O_RDWR;
    // POSIX guarantees that open() returns the lowest free descriptor.
    if (::open("/dev/null", mode) != fd) std::abort();
  }
  return stdout_is_open;
}

// Forbids core dumps, which would contain the environment and the secrets in it.
void ForbidCoreDumps() {
#ifndef STEAMFLOW_SANITIZE
  ::prctl(PR_SET_DUMPABLE, 0);
#endif
}

// Ends the process at once after the result is printed, without waiting for threads that are stuck
// in a library. Sanitizer builds exit normally, because sanitizers report at the exit.
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

Command::Command(const std::string& name, const std::string& about, const std::string& example,
                 ResultParts parts)
    : name_(name),
      parts_(parts),
      flags_(name, about, example, HelpFooter, fmt::format("{} {}", name, kVersion)) {
  head_.task = name_;
  const Flags common = flags_.Under("Common to all tasks");
  common.Add("--logical-date", logical_date_, "Date of the run, ISO 8601 [default: now]")
      .Format("date-time")
      .Environment("AIRFLOW_CTX_LOGICAL_DATE");
  common
      .Add("--deadline", options_.deadline_seconds,
           "Seconds after which the run ends, finished or not")
      .Range(0.1, 86400.0)
      .Check([](const std::string& text) {  // NaN passes every range
        return std::isnan(std::atof(text.c_str())) ? "not a number" : "";
      });
  common.Add("--max-in-flight", options_.max_in_flight, "HTTP requests at a time")
      .Range(std::size_t{1}, std::size_t{1000});
  common
      .Add("--retries", options_.retries,
           "Retries of each request; a whole run makes at most 10 of them, or 20% of its requests "
           "if that is more")
      .Range(0U, 100U);
  common
      .Add("--max-response-bytes", options_.max_response_bytes,
           "Largest response body that is accepted, in bytes after decompression")
      .Range(std::uint64_t{1024}, std::uint64_t{1} << 30U);
  common
      .Add("--max-bytes-in-flight", options_.max_bytes_in_flight,
           "Largest sum of the response bodies in memory; large responses lower the number of "
           "requests at a time")
      .Range(std::uint64_t{1024}, std::uint64_t{1} << 40U);
  common.Add("--allow-http", options_.allow_http, "Allow plain http to hosts other than loopback");
  common.Add("--http1", options_.http1, "Never use HTTP/2");
  common
      .Add(
          "--xcom-file", xcom_file_,
          fmt::format("Also write the result line to this file [default: {} if that folder exists]",
                      kPodXcomFile))
      .Format("path");
  common.Add("--pushgateway-url", pushgateway_url_, "Push metrics to this Pushgateway")
      .Format("uri")
      .Environment(EnvironmentName("PUSHGATEWAY_URL"));
  common
      .Add("--metrics-file", metrics_file_,
           "Write metrics to this file, for node_exporter's textfile collector")
      .Format("path");
  common.Add("--log-level", log_level_, "debug, info, warning or error")
      .OneOf({"debug", "info", "warning", "error"});
  common.Add("--log-format", log_format_, "text or json, on stderr").OneOf({"text", "json"});
  common.Add("--no-progress", no_progress_, "No progress line on a terminal");
}

Command::~Command() = default;

int Command::Main(int argc, char** argv, const std::function<void(Run&)>& body) {
  const bool describes = argc == 2 && std::string_view(argv[1]) == "--describe";
  if (describes) return PrintDescription(name_, flags_, parts_);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // so that a write beyond the file size limit fails instead
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
    error.emplace(ExitCode::kOutput,
                  "stdout is closed, so nobody would receive the result: nothing was done");
  }
  error = Execute(error, body);
  return EndProcess(Tell(error, metrics_, kLongestTelling));
}

// Runs the task. If the command line was rejected, only sets up the deadline, which also bounds
// reporting the error.
std::optional<TaskError> Command::Execute(const std::optional<TaskError>& refused,
                                          const std::function<void(Run&)>& body) {
  std::optional<TaskError> error;
  try {
    const std::chrono::duration<double> deadline(refused ? CommonOptions().deadline_seconds
                                                         : options_.deadline_seconds);
    stop_.emplace(std::chrono::duration_cast<milliseconds>(deadline));
    watchdog_.emplace(*stop_, [this] { return GiveUp(); });
    TakeLog();
    if (const auto error_of_trace = TraceparentError()) log_->Warning(*error_of_trace);
    if (refused) throw *refused;
    head_.run = ReadRunIdentity(logical_date_);
    metrics_ = ReadMetricsTargets(pushgateway_url_, metrics_file_);
    CheckXcomFile();
    Run run{name_, *log_, *stop_, head_.run, options_, result_};
    body(run);
  } catch (const TaskError& its) {
    error = its;
    // A thread could not be started. Other system errors are thrown as TaskErrors.
  } catch (const std::system_error& its) {
    error.emplace(ExitCode::kTransient,
                  fmt::format("cannot start another thread (limit of processes or memory): {}",
                              its.code().message()));
  } catch (const std::bad_alloc&) {
    error.emplace(ExitCode::kTransient, "out of memory");
  } catch (const std::exception& its) {
    error.emplace(ExitCode::kInternal, fmt::format("internal error: {}", its.what()));
  }
  if (!error || !stop_) return error;
  const auto code = stop_->CodeOfSignal();
  if (!code || code == error->code()) return error;
  // Whatever failed after the signal failed because the run was being stopped.
  return TaskError(*code, fmt::format("stopped by a signal: {}", error->what()));
}

void Command::TakeLog() {
  supervisor_ = TaskSupervisor::Inherited();
  if (!supervisor_) return;
  const bool is_chosen = !flags_.TextOf("--log-level").empty();
  supervisor_->TakeLog(name_, is_chosen ? std::optional(ParseLevel(log_level_)) : std::nullopt,
                       *log_);
}

// Reports the counts of a run that is stuck. They no longer change, so they are reported as they
// are.
ExitCode Command::GiveUp() {
  const auto code = stop_->CodeOfSignal();
  const std::string end =
      code ? "stopped by a signal"
           : fmt::format("the deadline of {} s has passed", options_.deadline_seconds);
  return Tell(TaskError(code.value_or(ExitCode::kTransient),
                        end + ", and the run was still waiting inside a library"),
              MetricsTargets(), kLastWord);
}

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
  const auto timeout = std::min(std::max(stop_->TimeLeft(), shortest), at_most);
  return supervisor_->Tell(end, timeout, *log_) ? ExitCode::kSuccess : head_.exit_code;
}

// Determines the XCom file even if the command line was rejected, so that its reader learns of a
// usage error too. Parsing may have stopped before the flag was set, so the flag is looked up.
void Command::ChooseXcomFile() {
  xcom_file_ = flags_.TextOf("--xcom-file");
  const std::filesystem::path pod_folder = std::filesystem::path(kPodXcomFile).parent_path();
  std::error_code ignored;
  if (xcom_file_.empty() && std::filesystem::is_directory(pod_folder, ignored)) {
    xcom_file_ = kPodXcomFile;
  }
}

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
  log_->EndProgress();  // the progress line must not follow the result
  const auto written = WriteAll(STDOUT_FILENO, text);
  if (written) return;
  log_->Error(fmt::format("writing the result line: {}", written.error().message()));
  head_.exit_code = ExitCode::kOutput;
}

}  // namespace steamflow
