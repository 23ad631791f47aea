#include "news_cursor.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "task_error.h"

namespace steamflow {

NewsCursor::NewsCursor(std::uint32_t appid, RedisClient* redis)
    : key_(fmt::format("last_news_date:{}", appid)), redis_(redis) {
  if (!redis_) return;
  held_ = redis_->Command({"GET", key_}).OptionalText();
  if (!held_) return;
  const char* const end = held_->data() + held_->size();
  const auto [stop, error] = std::from_chars(held_->data(), end, date_);
  if (error != std::errc() || stop == end || *stop != '/' || stop + 1 == end || date_ < 0) {
    throw TaskError(ExitCode::kData,
                    fmt::format("the cursor {} in Redis holds '{}', which is not <date>/<gid>,..; "
                                "set or delete it",
                                key_, *held_));
  }
  std::string_view list(stop + 1, static_cast<std::size_t>(end - stop - 1));
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    gids_.emplace(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  new_date_ = date_;
  new_gids_ = gids_;
}

bool NewsCursor::IsOld(std::int64_t date, const std::string& gid) const {
  return date < date_ || (date == date_ && gids_.count(gid) > 0);
}

void NewsCursor::Saw(std::int64_t date, const std::string& gid) {
  if (date > new_date_) {
    new_date_ = date;
    new_gids_.clear();
  }
  if (date == new_date_) new_gids_.insert(gid);
}

std::optional<CursorResult> NewsCursor::Advance() {
  const bool is_newer = new_date_ > date_ || new_gids_.size() > gids_.size();
  if (!redis_ || !is_newer) return std::nullopt;
  const std::string to = fmt::format("{}/{}", new_date_, fmt::join(new_gids_, ","));
  CursorResult result = MoveCursor(*redis_, {key_, held_, to, "", {}});
  result.position = static_cast<std::uint64_t>(new_date_);
  return result;
}

}  // namespace steamflow
