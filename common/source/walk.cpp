#include "walk.h"

#include <fmt/format.h>

#include <algorithm>

#include "cursor.h"
#include "flags.h"
#include "parse_number.h"
#include "steam_urls.h"

namespace steamflow {
namespace {

using steam_api::kHighestId;
using steam_api::kLowestId;

// A cursor one below the lowest account means that the walk is over.
std::uint64_t ParseCursor(const std::string& key, const std::string& text) {
  const auto id = ParseNumber<std::uint64_t>(text);
  if (id && *id >= kLowestId - 1 && *id <= kHighestId) return *id;
  throw TaskError(ExitCode::kData,
                  fmt::format("the cursor {} in Redis holds '{}', which is no id from {} to {}; "
                              "set or delete it",
                              key, text, kLowestId - 1, kHighestId));
}

// `id` less `distance`, but not below the end of the walk.
std::uint64_t Down(std::uint64_t id, std::uint64_t distance) {
  const std::uint64_t room = id - (kLowestId - 1);
  return id - std::min(distance, room);
}

bool IsMinute(const std::string& text) {
  const auto instant = ParseInstant(text);
  return instant && FormatMinute(*instant) == text;
}

}  // namespace

void WalkOptions::AddTo(const Flags& flags) {
  const Flags own = flags.Under("Walk");
  own.Add("--count", count, "Ids a run").Range(std::uint64_t{1}, std::uint64_t{1} << 32U);
  own.Add("--start-id", start_id, "First SteamID64 of the walk, which goes downward")
      .Range(kLowestId, kHighestId);
  const Flag shard_flag = own.Add("--shard", shard, kShardHelp).Check(CheckShard);
  const Flag wrap_flag = own.Add("--wrap", wrap, "At the lowest id begin a new pass at --start-id");
  own.Add("--no-cursor", no_cursor,
          "Take the same block, from --start-id, on every run; no cursor in Redis")
      .Excludes(shard_flag)
      .Excludes(wrap_flag);
}

Block BlockAt(const WalkOptions& options, const Shard& shard, std::uint64_t cursor) {
  Block block{cursor, 0, cursor};
  if (cursor < kLowestId) return block;
  std::uint64_t size = options.count;
  std::uint64_t step = size;
  if (shard.is_sharded) {
    const std::uint64_t stride = shard.count * options.count;
    if (cursor > options.start_id) {
      throw TaskError(
          ExitCode::kData,
          fmt::format("the cursor {} lies above --start-id {}: with --shard the walk is "
                      "a grid that begins there",
                      cursor, options.start_id));
    }
    const std::uint64_t below = options.start_id - cursor;
    const std::uint64_t number = below / options.count;
    if (number % shard.count != shard.index) {
      throw TaskError(
          ExitCode::kData,
          fmt::format("the cursor {} lies in a block of shard {}/{}, not {}/{}: --count, "
                      "--start-id and the number of shards must stay as they are during "
                      "a pass",
                      cursor, number % shard.count, shard.count, shard.index, shard.count));
    }
    const std::uint64_t inside = below % options.count;
    size = options.count - inside;
    step = stride - inside;
  }
  block.size = cursor - Down(cursor, size);
  block.next = Down(cursor, step);
  return block;
}

Walk::Walk(const WalkOptions& options, Run& run, RedisClient* redis, bool read_only)
    : options_(options),
      shard_(ParseShard(options.shard).value_or(Shard{})),
      run_(run),
      redis_(options.no_cursor ? nullptr : redis),
      read_only_(read_only),
      key_(options.cursor_key),
      pass_(FormatMinute(run.identity.logical_date)) {
  if (shard_.is_sharded) key_ += ":" + options.shard;
  const std::uint64_t begin = Down(options.start_id, shard_.index * options.count);
  do {
    if (redis_) ReadState();
    block_ = BlockAt(options, shard_, cursor_ ? ParseCursor(key_, *cursor_) : begin);
    if (block_.size > 0) {
      if (redis_) SetPass();
      return;
    }
    if (!options.wrap || begin < kLowestId) {  // a shard without any block has no pass either
      throw TaskError(
          ExitCode::kSkipped,
          fmt::format("the walk {} has come to the lowest id; --wrap begins a new pass", key_));
    }
    block_ = BlockAt(options, shard_, begin);
  } while (!StartNewPass(begin));  // another run may have begun one just now
}

void Walk::ReadState() {
  cursor_ = redis_->Command({"GET", key_}).OptionalText();
  const RedisReply counts = redis_->Command({"HGETALL", key_ + ":failures"});
  for (std::size_t i = 0; i + 1 < counts.elements.size(); i += 2) {
    failures_[counts.elements[i].text] =
        static_cast<int>(ParseNumber<std::uint64_t>(counts.elements[i + 1].text).value_or(0));
  }
}

void Walk::SetPass() {
  const std::string key = key_ + ":pass";
  if (!read_only_) redis_->Command({"SET", key, pass_, "NX"});
  const auto held = redis_->Command({"GET", key}).OptionalText();
  if (!held && read_only_) return;
  if (!held || !IsMinute(*held)) {
    throw TaskError(
        ExitCode::kData,
        fmt::format("{} in Redis holds '{}', which is no minute such as {}; delete it to "
                    "begin a new pass",
                    key, held.value_or(""), pass_));
  }
  pass_ = *held;
}

bool Walk::StartNewPass(std::uint64_t begin) {
  if (read_only_ || !redis_) return true;
  const CursorResult moved = MoveCursor(*redis_, {key_, cursor_, fmt::to_string(begin), pass_, {}});
  cursor_ = moved.to;
  return moved.advanced;
}

int Walk::Failures(std::uint64_t id) const {
  const auto found = failures_.find(fmt::to_string(id));
  return found == failures_.end() ? 0 : found->second;
}

int Walk::CountFailure(std::uint64_t id) {
  if (!redis_ || read_only_) return 0;
  const std::string field = fmt::to_string(id);
  const RedisReply reply = redis_->Command({"HINCRBY", key_ + ":failures", field, "1"});
  return failures_[field] = static_cast<int>(reply.integer);
}

void Walk::Advance(std::uint64_t done) {
  if (!redis_ || read_only_) return;
  const std::string from = cursor_.value_or(fmt::to_string(block_.first));
  CursorResult result{key_, from, from, false};
  if (done > 0) {
    const std::uint64_t to = done >= block_.size ? block_.next : block_.first - done;
    CursorMove move{key_, cursor_, fmt::to_string(to), "", {}, pass_};
    for (const auto& [field, count] : failures_) {
      const auto id = ParseNumber<std::uint64_t>(field);
      if (id && *id > to && *id <= block_.first) move.forget.push_back(field);
    }
    result = MoveCursor(*redis_, move);
    result.from = from;
  }
  run_.result.cursors.push_back(std::move(result));
}

}  // namespace steamflow
