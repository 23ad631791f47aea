#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace steamflow {

// One of `count` equal shares of the work. Shares are numbered from 0.
struct Shard {
  std::uint64_t index = 0;
  std::uint64_t count = 1;
  // Whether --shard was given. "0/1" is a shard too: it covers all of the work under the keys of a
  // sharded walk.
  bool is_sharded = false;
};

inline constexpr char kShardHelp[] =
    "I/N: take only block or partition number I (from 0), and every N-th one after it";

// Parses "I/N" with I from 0 to N-1 and N at most 10,000. Returns nullopt for any other text.
std::optional<Shard> ParseShard(std::string_view text);

// Validates the argument of --shard. Returns an error message, or an empty string if the text is
// valid.
std::string CheckShard(const std::string& text);

}  // namespace steamflow
