#include "index_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "task_error.h"

namespace steamflow {

// Elasticsearch, "Create index API": lower case, at most 255 bytes, not beginning with - _ or +.
// A topic has no other character that an index cannot have. The month takes 8 bytes, and what
// begins with a dot is the server's own.
std::string IndexName(const std::string& prefix, std::string_view topic) {
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

std::string IndexMonth(Instant instant) {
  std::string month = FormatDate(instant).substr(0, 7);
  month[4] = '.';
  return month;
}

Instant MonthTime(const ConsumedRecord& record) {
  return record.id_time.value_or(record.event_time);
}

}  // namespace steamflow
