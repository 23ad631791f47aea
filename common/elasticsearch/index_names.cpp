#include "index_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <chrono>

#include "task_error.h"

namespace steamflow {

namespace {
using std::chrono::milliseconds;
}  // namespace

// Elasticsearch, "Create index API": lower case, at most 255 bytes, not beginning with - _ or +.
// A topic has no other character that an index cannot have. The suffix takes 8 bytes, and what
// begins with a dot is the server's own.
std::string AliasName(const std::string& prefix, std::string_view topic) {
  std::string name = prefix;
  name += topic;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (name.find_first_of("-_.") == 0 || name.size() > 247) {
    throw TaskError(ExitCode::kConfig,
                    fmt::format("no index can be named {} after the topic {} (--index-prefix can "
                                "mend how it begins)",
                                name, topic));
  }
  return name;
}

std::string IndexSuffix(RecordKind kind, std::optional<Instant> id_time) {
  if (IsState(kind)) return kStateSuffix;
  if (!id_time) return kUndatedSuffix;
  std::string month = "-" + FormatDate(*id_time).substr(0, 7);
  month[5] = '.';
  return month;
}

// The time of a tombstone is Kafka's, to the millisecond: so that the version before it, which may
// come again, is older even in the same second.
std::int64_t StateVersion(const ConsumedRecord& record) {
  const milliseconds version = record.version_time.time_since_epoch();
  const milliseconds kafka(record.message.timestamp_ms.value_or(0));
  const bool is_kafkas = std::chrono::floor<std::chrono::seconds>(kafka) == version;
  return (record.is_tombstone() && is_kafkas ? kafka : version).count();
}

std::string PositionsIndex(const std::string& prefix) {
  return prefix + "steamflow-positions";
}

}  // namespace steamflow
