#include "refusal_fuse.h"

#include <fmt/format.h>

#include "task_error.h"

namespace steamflow {
namespace {
constexpr std::uint64_t kAlwaysAllowed = 10;  // records per topic and error
constexpr std::uint64_t kAllowedPart = 10;    // one record in so many
}  // namespace

void RefusalFuse::Try(std::string_view topic, std::uint64_t records) {
  tried_[std::string(topic)] += records;
}

void RefusalFuse::Refuse(std::string_view topic, std::string_view error, std::string_view reason) {
  const std::uint64_t refused = ++refused_[{std::string(topic), std::string(error)}];
  const std::uint64_t tried = tried_[std::string(topic)];
  if (accepts_ || refused <= kAlwaysAllowed || refused * kAllowedPart <= tried) return;
  throw TaskError(
      ExitCode::kConfig,
      fmt::format("{}: {} refuses {} of {} records with {}, so the fault may be its own: {}; {}",
                  topic, who_, refused, tried, error, reason, remedy_));
}

void RefusalFuse::Forget(std::string_view topic, std::string_view error) {
  --refused_[{std::string(topic), std::string(error)}];
}

}  // namespace steamflow
