#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "message_pack.h"

namespace airflow {

// The levels of Airflow's logs, with the numbers of Python's logging module.
enum class Level { kDebug = 10, kInfo = 20, kWarning = 30, kError = 40, kCritical = 50 };

// Returns the lowest level that Airflow's configuration lets through for the logger `name`.
// `global` is [logging] logging_level ("INFO"). `namespaces` is [logging] namespace_levels
// ("steamflow=DEBUG, other=WARNING"); an entry also applies to the loggers below its name
// ("steamflow.news"), and the longest name wins. Invalid entries are ignored, as in Airflow.
Level ThresholdOf(std::string_view name, std::string_view global, std::string_view namespaces);

// Further fields of a log record, by name.
using Fields = std::map<std::string, std::string>;

// Returns the record as a line of JSON with a line break. The time is counted from 1970, in UTC.
std::string FormatRecord(std::string_view logger, Level level, std::string_view event,
                         std::int64_t seconds, std::uint32_t nanoseconds,
                         const Fields& fields = {});

// The task's log in Airflow. Records are buffered until Connect(); after that, those that the
// supervisor does not read in time are dropped. Not thread-safe.
class TaskLog {
 public:
  // `name` is the name of the logger. Its threshold comes from AIRFLOW__LOGGING__LOGGING_LEVEL and
  // AIRFLOW__LOGGING__NAMESPACE_LEVELS, which the supervisor sets.
  explicit TaskLog(std::string name);

  Level threshold() const { return threshold_; }
  void Write(Level level, std::string_view event);

  // Adds a field to every later record, such as the trace that it belongs to.
  void Add(const std::string& name, const std::string& value) { fields_[name] = value; }

  // Sends the buffered records and all later ones to this socket, which must outlive this object.
  void Connect(int fd);

 private:
  void Send(std::string_view line);

  const std::string name_;
  const Level threshold_;
  Fields fields_;
  int fd_ = -1;
  bool is_taken_ = true;  // the supervisor read the last record in time, as far as is known
  std::string kept_;      // before Connect() all records, then the unsent rest of one
};

}  // namespace airflow
