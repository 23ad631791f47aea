#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "redis_client.h"

namespace steamflow {

// The calls that the API key may still make today (UTC), a counter in Redis that every task of the
// key shares: `steam_calls:<first 12 hex digits of the key's SHA-256>:<YYYY-MM-DD>`. Calls are
// reserved before they are made, so that the limit is never passed, and in portions, so that a
// call does not cost a round trip of its own; what was reserved and not used is given back.
class CallBudget {
 public:
  // `limit` calls a day. The reference must outlive this.
  CallBudget(RedisClient& redis, const std::string& api_key, std::uint64_t limit);

  // Takes one call; `expected` (at least 1) says how many are likely to follow, this one
  // included. False when the day's calls are used up. Throws TaskError as RedisClient does, and
  // kData where the counter is no number.
  bool Take(std::size_t expected);

  // Gives back what was reserved and not taken. Throws TaskError.
  void GiveBack();

  const std::string& key() const { return key_; }  // of the counter
  std::uint64_t limit() const { return limit_; }
  // Calls that were left when this run last reserved some or gave some back; nothing before that.
  std::optional<std::uint64_t> left() const { return left_; }
  // Calls counted today, by all tasks. Throws TaskError.
  std::uint64_t Used();

 private:
  void StartDay();

  RedisClient& redis_;
  const std::string prefix_;
  const std::uint64_t limit_;
  std::string key_;
  std::uint64_t reserved_ = 0;
  std::optional<std::uint64_t> left_;
};

}  // namespace steamflow
