#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace steamflow {

// One of `count` equal shares of a work, which are numbered from 0.
struct Shard {
  std::uint64_t index = 0;
  std::uint64_t count = 1;
  bool is_sharded = false;  // "0/1" is
};

inline constexpr char kShardHelp[] =
    "I/N: take every N-th block of ids, or partition, from the I-th (from 0)";

// "I/N" with I from 0 to N-1 and N at most 10,000; nothing for anything else.
std::optional<Shard> ParseShard(std::string_view text);

// What is wrong with the text, for a flag; empty where nothing is.
std::string CheckShard(const std::string& text);

}  // namespace steamflow
