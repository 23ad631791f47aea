#pragma once

#include <optional>
#include <string>
#include <vector>

#include "redis_client.h"
#include "result.h"

namespace steamflow {

// A cursor in Redis, moved by compare-and-set as a string: overlapping or stale runs can neither
// skip a range nor move it back. What belongs to a walk lies beside it: `<key>:pass` and the hash
// `<key>:failures`.
struct CursorMove {
  std::string key;
  std::optional<std::string> from;  // what this run has read; nothing = missing
  std::string to;
  std::string pass;                 // new value of `<key>:pass`, empty = leave it
  std::vector<std::string> forget;  // fields of `<key>:failures`
  std::string expected_pass;        // what `<key>:pass` must hold as well, empty = anything
};

// Makes the move. `to` of the result is what the cursor holds afterwards; `advanced` is false where
// it did not hold `from`. A response lost with the connection is made up for by reading the value
// back. Throws TaskError.
CursorResult MoveCursor(RedisClient& redis, const CursorMove& move);

}  // namespace steamflow
