#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "redis_client.h"

namespace steamflow {

// The calls that the API key may still make today (UTC). The count is kept in Redis, where all
// tasks with the same key share it: `steam_calls:<first 12 hex digits of the key's
// SHA-256>:<YYYY-MM-DD>`. Calls are reserved before they are made, so that the limit is never
// exceeded. They are reserved in portions, so that not every call costs a round trip to Redis;
// reserved calls that were not used are given back.
class CallBudget {
 public:
  // Allows `limit` calls a day. `redis` must outlive this object.
  CallBudget(RedisClient& redis, const std::string& api_key, std::uint64_t limit);

  // Takes one call. `expected` (at least 1) is the number of calls that are likely to be taken,
  // including this one; it sets the size of the reservation. Returns false if today's calls are
  // used up. Throws TaskError: as RedisClient does, and kData if the counter is not a number.
  bool Take(std::size_t expected);

  // Gives back the calls that were reserved and not taken. Throws TaskError.
  void GiveBack();

  const std::string& key() const { return key_; }  // the counter's key in Redis
  std::uint64_t limit() const { return limit_; }
  // The number of calls left today, as of the last time that this run reserved some or gave some
  // back. Empty before that.
  std::optional<std::uint64_t> left() const { return left_; }
  // Reads how many calls all tasks together have made today. Throws TaskError: as RedisClient does,
  // and kData if the counter is not a number.
  std::uint64_t Used();

 private:
  // Changes to the counter of a new day (UTC). Calls reserved for the old day are given back.
  void StartDay();

  RedisClient& redis_;
  // The key without the day. It has a hash of the API key, because Redis may be readable to others.
  const std::string prefix_;
  const std::uint64_t limit_;
  std::string key_;
  // Calls that Redis has counted and that were not taken yet.
  std::uint64_t reserved_ = 0;
  std::optional<std::uint64_t> left_;
};

}  // namespace steamflow
