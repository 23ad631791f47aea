#include "walk_options.h"

#include <fmt/format.h>

#include <sstream>

#include "file_io.h"
#include "flags.h"
#include "parse_number.h"
#include "task_error.h"

namespace steamflow {
namespace {

using steam_api::kHighestId;
using steam_api::kLowestId;

constexpr std::size_t kLongestShown = 40;

std::vector<std::uint64_t> ReadLines(const std::string& text, const std::string& source) {
  std::istringstream lines(text);
  std::vector<std::uint64_t> listed;
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const auto id = ParseNumber<std::uint64_t>(line);
    if (!id || *id < kLowestId || *id > kHighestId) {
      throw TaskError(
          ExitCode::kData,
          fmt::format("{}, line {}: '{}' is not the SteamID64 of an account, {} to {}", source,
                      number, line.substr(0, kLongestShown), kLowestId, kHighestId));
    }
    listed.push_back(*id);
  }
  return listed;
}

}  // namespace

void WalkOptions::AddTo(const Flags& flags) {
  const Flags own = flags.Under("Walk");
  const Flag count_flag =
      own.Add("--count", count, "Ids per run").Range(std::uint64_t{1}, std::uint64_t{1} << 32U);
  const Flag start_flag =
      own.Add("--start-id", start_id, "First SteamID64 of the walk; the walk goes downward")
          .Range(kLowestId, kHighestId);
  const Flag shard_flag = own.Add("--shard", shard, kShardHelp).Check(CheckShard);
  const Flag wrap_flag =
      own.Add("--wrap", wrap, "At the lowest id, begin a new pass at --start-id");
  const Flag no_cursor_flag =
      own.Add("--no-cursor", no_cursor,
              "Take the same ids, from --start-id, in every run; keeps no cursor in Redis")
          .Excludes(shard_flag)
          .Excludes(wrap_flag);
  own.Add("--ids", ids,
          "Take the ids from this file, one decimal SteamID64 a line, or from standard input if it "
          "is -; keeps no cursor")
      .Format("path")
      .Excludes(count_flag)
      .Excludes(start_flag)
      .Excludes(shard_flag)
      .Excludes(wrap_flag)
      .Excludes(no_cursor_flag);
}

WalkGrid WalkOptions::Grid() const {
  return {start_id, count, ParseShard(shard).value_or(Shard{})};
}

std::optional<std::vector<std::uint64_t>> WalkOptions::ReadIds(const Stop& stop) const {
  if (ids.empty()) return std::nullopt;
  const std::string source = "--ids " + ids;
  const auto text = ids == "-" ? ReadStdin(stop) : ReadFile(ids);
  if (!text) {
    throw TaskError(ExitCode::kUsage, fmt::format("{}: {}", source, text.error().message()));
  }
  return ReadLines(*text, source);
}

}  // namespace steamflow
