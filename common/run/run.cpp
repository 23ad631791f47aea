#include "run.h"

#include <fmt/format.h>

#include <utility>

namespace steamflow {

void Run::AddCursor(CursorResult cursor) const {
  if (log.Shows(LogLevel::kDebug)) {
    log.Debug(fmt::format("cursor {}: from {} to {}{}", cursor.key, cursor.from.value_or("none"),
                          cursor.to, cursor.advanced ? "" : ", not moved by this run"));
  }
  result.cursors.push_back(std::move(cursor));
}

}  // namespace steamflow
