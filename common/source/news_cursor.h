#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "cursor.h"

namespace steamflow {

// Up to which news of an app has been delivered: `last_news_date:<appid>` in Redis holds
// "<date>/<gid>,<gid>..", the date (epoch seconds) of the newest item and the gids of that very
// second.
class NewsCursor {
 public:
  // The state before anything was delivered, or what `text` says. Throws TaskError (kData) where it
  // is garbage. `redis` may be null: then nothing is read or written.
  NewsCursor(std::uint32_t appid, RedisClient* redis);

  // Whether the item was delivered by an earlier run.
  bool IsOld(std::int64_t date, const std::string& gid) const;
  // Whether every item as old as `date` or older was delivered by an earlier run.
  bool AreAllOld(std::int64_t date) const { return date < date_; }

  // Notes an item of this run.
  void Saw(std::int64_t date, const std::string& gid);

  // Moves the cursor to the newest item noted; nothing where none was newer. Throws TaskError.
  std::optional<CursorResult> Advance();

 private:
  std::string key_;
  RedisClient* const redis_;
  std::optional<std::string> held_;  // as read
  std::int64_t date_ = -1;
  std::set<std::string> gids_;
  std::int64_t new_date_ = -1;
  std::set<std::string> new_gids_;
};

}  // namespace steamflow
