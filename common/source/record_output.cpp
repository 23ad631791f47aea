#include "record_output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <system_error>

#include "file_io.h"
#include "json.h"
#include "topics.h"
#include "trace_context.h"
#include "version.h"

namespace steamflow {
namespace {

constexpr std::size_t kBuffer = 64U << 10U;
constexpr std::chrono::milliseconds kOpenInterval(20);

// Writes lines to stdout or to a file.
class LineOutput : public RecordOutput {
 public:
  LineOutput(Run& run, const std::string& topic, const std::string& path, OnDelivered on_delivered)
      : stop_(run.stop),
        result_(run.result.sink.emplace()),
        on_delivered_(std::move(on_delivered)) {
    result_.type = path.empty() ? "stdout" : "file";
    result_.topic = topic;
    JsonObject headers;
    for (const auto& [name, value] : CommonHeaders(run.identity)) headers.Add(name, value);
    common_headers_ = headers.Take();
    if (!path.empty()) Open(path);
  }
  ~LineOutput() override {
    if (is_opened_) ::close(fd_);
  }

  void Write(const Record& record, std::uint64_t item) override {
    Append(result_.topic, record.key, record.event_id, record.value, "");
    ++result_.records;
    result_.bytes += record.value.size();
    items_.emplace_back(item, Delivery::kRecord);
    if (buffer_.size() >= kBuffer) WriteBuffer();
  }

  void Write(const DeadLetter& letter, std::uint64_t item) override {
    std::string value;
    AppendJsonString(value, letter.value);  // the bytes need not be JSON
    Append(kDeadLetterTopic, letter.key, letter.event_id, value, letter.reason);
    ++result_.dead_letters;
    items_.emplace_back(item, Delivery::kDeadLetter);
  }

  void SendDeadLetters(std::uint64_t) override {}  // holds none back, since no position moves

  void Poll() override {}

  std::optional<TaskError> Flush() override {
    WriteBuffer();
    return std::nullopt;
  }

 private:
  void Append(std::string_view topic, std::string_view key, std::string_view event_id,
              std::string_view value, std::string_view reason) {
    JsonObject headers;
    headers.Add("event_id", event_id);
    if (!reason.empty()) headers.Add("reason", reason);
    std::string all = headers.Take();
    all.back() = ',';
    all += std::string_view(common_headers_).substr(1);
    JsonObject line;
    line.Add("topic", topic).Add("key", key).Add("event_id", event_id);
    line.AddRaw("headers", all).AddRaw("value", value);
    buffer_ += line.Take();
    buffer_ += '\n';
  }

  // Waits for a reader if `path` is a named pipe. Opening without O_NONBLOCK would wait as well,
  // but a signal or the deadline could not end that.
  void Open(const std::string& path) {
    fd_ = OwnStream(path);
    if (fd_ >= 0) return;
    std::error_code error;
    const auto is_open = [&] {
      fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0644);
      if (fd_ < 0) error.assign(errno, std::generic_category());
      return fd_ >= 0;
    };
    const auto is_unread = [&] {
      return error == std::errc::no_such_device_or_address && std::filesystem::is_fifo(path);
    };
    while (!(is_opened_ = is_open()) && is_unread() && !stop_.Requested()) {
      stop_.WaitFor(kOpenInterval);
    }
    if (is_opened_) return;
    stop_.ThrowIfSignalled();
    throw TaskError(is_unread() ? ExitCode::kOutput : ExitCode::kUsage,
                    fmt::format("--sink file:{}: {}", path, WriteCause(error)));
  }

  void WriteBuffer() {
    const auto written = WriteAll(fd_, buffer_, [this] { return stop_.WaitForOutput(fd_); });
    if (!written) {
      throw TaskError(ExitCode::kOutput, fmt::format("writing records to {}: {}", result_.type,
                                                     WriteCause(written.error())));
    }
    buffer_.clear();
    for (const auto& [item, delivery] : items_) on_delivered_(item, delivery);
    result_.acknowledged = result_.records;
    items_.clear();
  }

  const Stop& stop_;
  SinkResult& result_;
  const OnDelivered on_delivered_;
  std::string common_headers_;
  int fd_ = STDOUT_FILENO;
  bool is_opened_ = false;  // whether this object opened fd_ and has to close it
  std::string buffer_;
  std::vector<std::pair<std::uint64_t, Delivery>> items_;  // an entry for each line in the buffer
};

class NullOutput : public RecordOutput {
 public:
  NullOutput(Run& run, const std::string& topic, OnDelivered on_delivered)
      : result_(run.result.sink.emplace()), on_delivered_(std::move(on_delivered)) {
    result_.type = "none";
    result_.topic = topic;
  }

  void Write(const Record& record, std::uint64_t item) override {
    ++result_.records;
    result_.bytes += record.value.size();
    on_delivered_(item, Delivery::kRecord);
  }
  void Write(const DeadLetter&, std::uint64_t item) override {
    ++result_.dead_letters;
    on_delivered_(item, Delivery::kDeadLetter);
  }
  void SendDeadLetters(std::uint64_t) override {}
  void Poll() override {}
  std::optional<TaskError> Flush() override { return std::nullopt; }

 private:
  SinkResult& result_;
  const OnDelivered on_delivered_;
};

}  // namespace

std::vector<std::pair<std::string, std::string>> CommonHeaders(const RunIdentity& run) {
  std::vector<std::pair<std::string, std::string>> headers{{"content-type", "application/json"}};
  if (!run.dag_id.empty()) headers.emplace_back("dag_id", run.dag_id);
  if (!run.run_id.empty()) headers.emplace_back("run_id", run.run_id);
  headers.emplace_back("task_version", kVersion);
  if (std::string trace = Traceparent(); !trace.empty()) {
    headers.emplace_back("traceparent", std::move(trace));
  }
  return headers;
}

std::unique_ptr<RecordOutput> MakeLineOutput(Run& run, const std::string& topic,
                                             const std::string& path,
                                             RecordOutput::OnDelivered on_delivered) {
  return std::make_unique<LineOutput>(run, topic, path, std::move(on_delivered));
}

std::unique_ptr<RecordOutput> MakeNullOutput(Run& run, const std::string& topic,
                                             RecordOutput::OnDelivered on_delivered) {
  return std::make_unique<NullOutput>(run, topic, std::move(on_delivered));
}

}  // namespace steamflow
