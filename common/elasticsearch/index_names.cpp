#include "index_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "ascii_case.h"
#include "task_error.h"

namespace steamflow {

namespace {
using std::chrono::milliseconds;
}  // namespace

// Elasticsearch, "Create index API": an index name is in lower case, has at most 255 bytes, and
// does not begin with - _ or +. Names that begin with a dot are reserved for the server. Every
// other character of a topic name is allowed. The suffix takes 8 of the 255 bytes.
std::string AliasName(const std::string& prefix, std::string_view topic) {
  const std::string name = AsciiLower(prefix + std::string(topic));
  if (name.find_first_of("-_.") == 0 || name.size() > 247) {
    throw TaskError(
        ExitCode::kConfig,
        fmt::format(
            "{} is not a valid index name for the topic {} (--index-prefix changes how it begins)",
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

// A tombstone uses Kafka's time, which has milliseconds. So the version before it, which may arrive
// again, is older even if both are from the same second.
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
