#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "message_pack.h"

namespace airflow {

// The levels of Airflow's logs, which are those of Python.
enum class Level { kDebug = 10, kInfo = 20, kWarning = 30, kError = 40, kCritical = 50 };

// The lowest level that Airflow wants of the logger `name`, as it tells the programs that it runs:
// `global` is [logging] logging_level ("INFO"), `namespaces` is [logging] namespace_levels
// ("steamflow=DEBUG, other=WARNING"), where a name counts for those below it ("steamflow.news").
// What cannot be read is passed over, as Airflow does.
Level ThresholdOf(std::string_view name, std::string_view global, std::string_view namespaces);

// What a record says beside its text, by name.
using Fields = std::map<std::string, std::string>;

// The line of a record, its end included. `seconds` and `nanoseconds` are since 1970.
std::string FormatRecord(std::string_view logger, Level level, std::string_view event,
                         std::int64_t seconds, std::uint32_t nanoseconds,
                         const Fields& fields = {});

// The task's log. Records are kept until the supervisor is connected, and left out where it does
// not take them in time. Not for use by several threads at once.
class TaskLog {
 public:
  // `name` is the logger's; its threshold comes from AIRFLOW__LOGGING__LOGGING_LEVEL and
  // AIRFLOW__LOGGING__NAMESPACE_LEVELS, which the supervisor sets.
  explicit TaskLog(std::string name);

  Level threshold() const { return threshold_; }
  void Write(Level level, std::string_view event);

  // What every record says from now on, such as the trace that it belongs to.
  void Add(const std::string& name, const std::string& value) { fields_[name] = value; }

  // From now on to this socket, which has to outlive this.
  void Connect(int fd);

 private:
  void Send(std::string_view line);

  const std::string name_;
  const Level threshold_;
  Fields fields_;
  int fd_ = -1;
  bool is_taken_ = true;  // as far as is known: what was sent last was taken in time
  std::string kept_;
};

}  // namespace airflow
