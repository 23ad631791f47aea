#include "call_budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fingerprint.h"
#include "parse_number.h"
#include "task_error.h"
#include "timestamp.h"

namespace steamflow {
namespace {

constexpr std::size_t kPortion = 100;  // calls reserved at a time, at most

// Reserves up to ARGV[1] calls below the limit ARGV[2]; returns how many were reserved and how many
// are left. The counter is kept a day longer than needed, because clocks may differ.
constexpr char kReserve[] = R"(
local used = redis.call('GET', KEYS[1]) or '0'
if not string.match(used, '^%d+$') then
  return redis.error_reply('ERR value is not an integer: ' .. KEYS[1])
end
local free = tonumber(ARGV[2]) - tonumber(used)
local granted = math.min(tonumber(ARGV[1]), free)
if granted <= 0 then return {0, 0} end
redis.call('INCRBY', KEYS[1], granted)
redis.call('EXPIRE', KEYS[1], 172800)
return {granted, free - granted})";

// Never creates a counter that has expired or been deleted in the meantime, and never takes one
// below zero: either would grant calls beyond the limit.
constexpr char kGiveBack[] = R"(
local used = tonumber(redis.call('GET', KEYS[1]) or '')
if used then redis.call('DECRBY', KEYS[1], math.min(used, tonumber(ARGV[1]))) end
return 0)";

}  // namespace

CallBudget::CallBudget(RedisClient& redis, const std::string& api_key, std::uint64_t limit)
    : redis_(redis), prefix_("steam_calls:" + Fingerprint(api_key) + ":"), limit_(limit) {
  StartDay();
}

// Gives back what was reserved on the day before, because a reservation counts only on its own day.
void CallBudget::StartDay() {
  std::string today = prefix_ + FormatDate(Now());
  if (today == key_) return;
  if (reserved_ > 0) GiveBack();
  key_ = std::move(today);
}

bool CallBudget::Take(std::size_t expected) {
  StartDay();
  if (reserved_ == 0) {
    const std::size_t wanted = std::clamp<std::size_t>(expected, 1, kPortion);
    const RedisReply reply =
        redis_.Eval(kReserve, {key_}, {fmt::to_string(wanted), fmt::to_string(limit_)});
    const auto& numbers = reply.Array(2);
    const long long granted = numbers[0].Integer();
    const long long left = numbers[1].Integer();
    // Anything else comes from a server that did not run the script as written; using more calls
    // than we asked for could exceed the limit.
    if (granted < 0 || left < 0 || granted > static_cast<long long>(wanted)) {
      reply.Refuse("the calls granted and those left");
    }
    reserved_ = static_cast<std::uint64_t>(granted);
    left_ = static_cast<std::uint64_t>(left);
  }
  if (reserved_ == 0) return false;
  --reserved_;
  return true;
}

void CallBudget::GiveBack() {
  if (reserved_ == 0) return;
  *left_ += reserved_;
  redis_.Eval(kGiveBack, {key_}, {fmt::to_string(std::exchange(reserved_, 0))});
}

std::uint64_t CallBudget::Used() {
  const std::string text = redis_.Command({"GET", key_}).OptionalText().value_or("0");
  const auto used = ParseNumber<std::uint64_t>(text);
  if (!used) {
    throw TaskError(ExitCode::kData,
                    fmt::format("the call counter {} in Redis holds '{}', which is not a number; "
                                "delete it to start the day's count again",
                                key_, text));
  }
  return *used;
}

}  // namespace steamflow
