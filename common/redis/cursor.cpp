#include "cursor.h"

#include "task_error.h"

namespace steamflow {
namespace {

// ARGV: from ('' = missing), to, pass, expected pass, fields to forget. Strings only: Lua's numbers
// would lose the last digits of an id. Returns {1} or {0, what the cursor holds}.
constexpr char kMove[] = R"(
local held = redis.call('GET', KEYS[1])
if (held or '') ~= ARGV[1] then return {0, held or ''} end
if ARGV[4] ~= '' and redis.call('GET', KEYS[2]) ~= ARGV[4] then return {0, held or ''} end
redis.call('SET', KEYS[1], ARGV[2])
if ARGV[3] ~= '' then redis.call('SET', KEYS[2], ARGV[3]) end
for i = 5, #ARGV do redis.call('HDEL', KEYS[3], ARGV[i]) end
return {1})";

constexpr int kAttempts = 3;

}  // namespace

CursorResult MoveCursor(RedisClient& redis, const CursorMove& move) {
  const std::vector<std::string> keys{move.key, move.key + ":pass", move.key + ":failures"};
  std::vector<std::string> arguments{move.from.value_or(""), move.to, move.pass,
                                     move.expected_pass};
  arguments.insert(arguments.end(), move.forget.begin(), move.forget.end());
  CursorResult result{move.key, move.from, move.to, false};
  bool response_was_lost = false;
  for (int attempt = 1;; ++attempt) {
    try {
      const RedisReply reply = redis.Eval(kMove, keys, arguments);
      const bool moved = reply.elements.at(0).integer == 1;
      if (!moved) result.to = reply.elements.at(1).text;
      // The attempt whose response was lost may have made the move.
      result.advanced = moved || (response_was_lost && result.to == move.to);
      return result;
    } catch (const TaskError& error) {
      if (error.code() != ExitCode::kTransient || attempt == kAttempts) throw;
      response_was_lost = true;
    }
  }
}

}  // namespace steamflow
