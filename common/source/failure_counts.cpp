#include "failure_counts.h"

#include <fmt/format.h>

#include <algorithm>

#include "parse_number.h"

namespace steamflow {
namespace {

constexpr unsigned kRunsBeforePassing = 5;
constexpr std::chrono::hours kTimeBeforePassing(1);

}  // namespace

tl::expected<FailureCounts, std::string> FailureCounts::Parse(
    const std::map<std::string, std::string>& fields, Instant now) {
  FailureCounts counts;
  counts.now_ = now;
  counts.keeps_ = true;
  for (const auto& [field, text] : fields) {
    const auto slash = std::min(text.find('/'), text.size());
    const auto id = ParseNumber<std::uint64_t>(field);
    const auto runs = ParseNumber<unsigned>(text.substr(0, slash));
    const auto first = ParseInstant(text.substr(std::min(slash + 1, text.size())));
    if (!id || !runs || !first) return tl::unexpected(fmt::format("'{}' = '{}'", field, text));
    counts.held_[*id] = {text, *runs, *first};
  }
  return counts;
}

std::vector<std::uint64_t> FailureCounts::Ids() const {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, held] : held_) ids.push_back(id);
  for (const auto& [id, field] : changes_) {
    if (held_.count(id) == 0) ids.push_back(id);
  }
  return ids;
}

bool FailureCounts::Count(std::uint64_t id) {
  if (!keeps_) return false;
  const auto found = held_.find(id);
  const Held before = found == held_.end() ? Held{"", 0, now_} : found->second;
  // If a wrong clock stored a time in the future, the id would never become old enough to be
  // passed.
  const Instant first = std::min(before.first, now_);
  const unsigned runs = std::min(before.runs, kRunsBeforePassing) + 1;
  changes_[id] = {fmt::to_string(id),
                  found == held_.end() ? std::nullopt : std::optional(before.text),
                  fmt::format("{}/{}", runs, FormatUtc(first))};
  return runs >= kRunsBeforePassing && now_ - first >= kTimeBeforePassing;
}

void FailureCounts::Forget(std::uint64_t id) {
  const auto found = held_.find(id);
  if (found == held_.end()) {
    changes_.erase(id);
  } else {
    changes_[id] = {fmt::to_string(id), found->second.text, std::nullopt};
  }
}

std::vector<KeyChange::Field> FailureCounts::Changes() const {
  std::vector<KeyChange::Field> fields;
  for (const auto& [id, field] : changes_) fields.push_back(field);
  return fields;
}

}  // namespace steamflow
