#include "news_window.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string_view>
#include <vector>

#include "parse_number.h"
#include "task_error.h"
#include "timestamp.h"
#include "topics.h"

namespace steamflow {
namespace {

constexpr char kSince[] = "since";
constexpr std::string_view kDeadLetterPrefix = "letter:";
constexpr std::int64_t kShortest = 30 * 86'400;  // seconds from the newest item back
constexpr std::size_t kFewest = 200;             // items
constexpr std::size_t kEditionSize = 12;
constexpr int kAttempts = 3;

// Replaces the window KEYS[1]. ARGV[1] has the fields that it must hold and ARGV[2] those to set,
// both as lines "<field> <value>"; ARGV[3] has the fields to delete, one a line. Fields and values
// contain no blanks. Returns 1 if the window was replaced, and 0 if it held something else.
constexpr char kReplace[] = R"(
local fields = 0
for field, value in string.gmatch(ARGV[1], '(%S+) (%S+)') do
  fields = fields + 1
  if redis.call('HGET', KEYS[1], field) ~= value then return 0 end
end
if redis.call('HLEN', KEYS[1]) ~= fields then return 0 end
for field in string.gmatch(ARGV[3], '%S+') do redis.call('HDEL', KEYS[1], field) end
for field, value in string.gmatch(ARGV[2], '(%S+) (%S+)') do
  redis.call('HSET', KEYS[1], field, value)
end
return 1)";

bool IsDeadLetter(std::string_view field) {
  return field.substr(0, kDeadLetterPrefix.size()) == kDeadLetterPrefix;
}

std::optional<std::int64_t> ParseDate(std::string_view text) {
  const auto date = ParseNumber<std::int64_t>(text);
  return date && *date >= 0 ? date : std::nullopt;
}

// Returns the date in "<edition>/<date>", or nullopt if the value does not have this form.
std::optional<std::int64_t> DateIn(std::string_view value) {
  if (value.size() <= kEditionSize || value[kEditionSize] != '/') return std::nullopt;
  const auto edition = value.substr(0, kEditionSize);
  if (edition.find_first_not_of("0123456789abcdef") != std::string_view::npos) return std::nullopt;
  return ParseDate(value.substr(kEditionSize + 1));
}

bool IsField(std::string_view field) {
  return !field.empty() &&
         std::all_of(field.begin(), field.end(), [](char c) { return c > ' ' && c <= '~'; });
}

[[noreturn]] void Refuse(const std::string& key, const std::string& cause) {
  throw TaskError(
      ExitCode::kData,
      fmt::format("the window {} in Redis {}; or delete it, and the next run delivers the "
                  "newest items again under the same event ids",
                  key, cause));
}

NewsWindow::Fields ReadFields(RedisClient& redis, const std::string& key) {
  try {
    return redis.Command({"HGETALL", key}).Fields();
  } catch (const TaskError& error) {
    if (error.code() != ExitCode::kData) throw;
    Refuse(key, fmt::format("is not a hash ({})", error.what()));
  }
}

// Returns the date of the oldest among the newest kFewest, or nullopt if there are fewer.
std::optional<std::int64_t> DateOfLastKept(std::vector<std::int64_t> dates) {
  if (dates.size() < kFewest) return std::nullopt;
  const auto last = dates.begin() + (kFewest - 1);
  std::nth_element(dates.begin(), last, dates.end(), std::greater<>());
  return *last;
}

void AppendLine(std::string& lines, const std::string& field, const std::string& value) {
  lines.append(field).append(" ").append(value).append("\n");
}

// Returns the arguments of kReplace.
std::vector<std::string> Difference(const NewsWindow::Fields& from, const NewsWindow::Fields& to) {
  std::vector<std::string> arguments(3);
  for (const auto& [field, value] : from) {
    AppendLine(arguments[0], field, value);
    if (!to.contains(field)) arguments[2] += field + "\n";
  }
  for (const auto& [field, value] : to) {
    const auto before = from.find(field);
    if (before == from.end() || before->second != value) AppendLine(arguments[1], field, value);
  }
  return arguments;
}

}  // namespace

NewsWindow::NewsWindow(std::string key, Fields held, std::int64_t now)
    : key_(std::move(key)), held_(std::move(held)), now_(std::max<std::int64_t>(now, 0)) {
  if (held_.empty()) return;
  const auto since = held_.find(kSince);
  if (since == held_.end()) Refuse(key_, "has no start date");
  for (const auto& [field, value] : held_) {
    const auto date = field == kSince ? ParseDate(value) : DateIn(value);
    if (!date || !IsField(field)) {
      Refuse(key_, fmt::format("holds '{}' as '{}', not {}", value, field,
                               field == kSince ? "a date" : "<edition>/<date>"));
    }
    if (field == kSince) {
      since_ = *date;
      if (since_ > now_ + std::chrono::seconds(kMaxClockSkew).count())
        Refuse(key_, "begins more than a day ahead of the clock: set the clock right");
    } else {
      entries_[field] = {value.substr(0, kEditionSize), *date};
    }
  }
}

bool NewsWindow::IsNew(const std::string& field, const std::string& edition,
                       std::optional<std::int64_t> date) const {
  const auto entry = entries_.find(field);
  if (entry != entries_.end()) return entry->second.edition != edition;
  return !date || !BeginsAfter(*date);
}

void NewsWindow::Add(const std::string& field, const std::string& edition,
                     std::optional<std::int64_t> date) {
  entries_[field] = {edition, std::min(date.value_or(now_), now_)};
  shown_[field] = date;
  has_added_ = true;
}

void NewsWindow::Keep(const std::string& field, std::optional<std::int64_t> date) {
  shown_[field] = date;
}

void NewsWindow::BeginAt(std::int64_t date) {
  since_ = std::min(date, now_);
}

// Returns where the window begins with these entries. It never moves back: items that were left out
// before would become new ones.
std::int64_t NewsWindow::BeginningOf(const std::map<std::string, Entry>& entries) const {
  std::vector<std::int64_t> dates;
  for (const auto& [field, entry] : entries) {
    if (!IsDeadLetter(field)) dates.push_back(std::min(entry.date, now_));
  }
  const auto last = DateOfLastKept(dates);
  if (!last) return since_;
  const std::int64_t newest = *std::max_element(dates.begin(), dates.end());
  return std::max(since_, std::min(newest - kShortest, *last));
}

std::optional<NewsWindow::Fields> NewsWindow::Moved() const {
  if (!has_added_) return std::nullopt;
  const std::int64_t since = BeginningOf(entries_);
  // A dead letter has no date of its own, and the feed can show its item again on a page that
  // reaches farther back than the window. So the newest dead letters are kept wherever the window
  // begins.
  std::vector<std::int64_t> letters;
  for (const auto& [field, entry] : entries_) {
    if (IsDeadLetter(field)) letters.push_back(entry.date);
  }
  const std::int64_t letters_since =
      std::min(since, DateOfLastKept(std::move(letters)).value_or(0));
  Fields moved{{kSince, fmt::to_string(since)}};
  for (const auto& [field, entry] : entries_) {
    // An item that the feed shows within the window is kept even if its date was earlier when it
    // was added. Otherwise it would be delivered again.
    const auto shown = shown_.find(field);
    const bool is_part = shown != shown_.end() && (!shown->second || *shown->second >= since);
    if (entry.date >= (IsDeadLetter(field) ? letters_since : since) || is_part) {
      moved[field] = fmt::format("{}/{}", entry.edition, entry.date);
    }
  }
  return moved;
}

std::optional<std::string> NewestOf(const NewsWindow::Fields& fields) {
  std::optional<std::int64_t> newest;
  for (const auto& [field, value] : fields) {
    if (field != kSince && !IsDeadLetter(field)) newest = std::max(newest, DateIn(value));
  }
  if (!newest) return std::nullopt;
  return fmt::to_string(*newest);
}

std::string NewsWindowKey(std::uint32_t appid, const std::string& topic) {
  return fmt::format("news_seen:{}{}", appid, topic == kNewsTopic ? "" : "@" + topic);
}

NewsWindowStore NewsWindowIn(RedisClient& redis, const std::string& key) {
  return {.read = [&redis, key] { return ReadFields(redis, key); },
          .replace =
              [&redis, key](const NewsWindow::Fields& from, const NewsWindow::Fields& to) {
                const RedisReply reply = redis.Eval(kReplace, {key}, Difference(from, to));
                const long long made = reply.Integer();
                if (made != 0 && made != 1) reply.Refuse("0 or 1");
                return made == 1;
              }};
}

std::optional<CursorResult> MoveNewsWindow(const NewsWindowStore& store, const NewsWindow& window) {
  const auto moved = window.Moved();
  if (!moved) return std::nullopt;
  CursorResult result{window.key(), NewestOf(window.held()), "", true};
  bool response_was_lost = false;
  for (int attempt = 1;; ++attempt) {
    try {
      const bool was_made = store.replace(window.held(), *moved);
      const auto now_held = was_made ? *moved : store.read();
      // An earlier attempt, whose response was lost, may have replaced the window.
      result.advanced = was_made || (response_was_lost && now_held == *moved);
      const auto newest = NewestOf(now_held);
      if (!newest) return std::nullopt;  // the window holds only dead letters
      result.to = *newest;
      result.position = ParseNumber<std::uint64_t>(*newest).value_or(0);
      return result;
    } catch (const TaskError& error) {
      if (error.code() != ExitCode::kTransient || attempt == kAttempts) throw;
      response_was_lost = true;
    }
  }
}

}  // namespace steamflow
