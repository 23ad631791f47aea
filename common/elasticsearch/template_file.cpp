#include "template_file.h"

#include <fmt/format.h>

#include "file_io.h"
#include "task_error.h"

namespace steamflow {
namespace {

std::string FileOf(RecordKind kind) {
  switch (kind) {
    case RecordKind::kPlayerCount:
      return "player_counts.json";
    case RecordKind::kRecentGame:
      return "recently_played_games.json";
    case RecordKind::kPlayer:
      return "players.json";
    case RecordKind::kNews:
      return "news.json";
    case RecordKind::kOther:
      return "other.json";
  }
  return "";
}

}  // namespace

Json ReadTemplateFile(const std::string& folder, RecordKind kind) {
  return ReadParts(folder + "/" + FileOf(kind));
}

Json ReadParts(const std::string& path) {
  const auto fail = [&](const std::string& cause) {
    throw TaskError(ExitCode::kConfig, fmt::format("{}: {}", path, cause));
  };
  const auto text = ReadFile(path);
  if (!text) fail(text.error().message());
  auto parts = ParseJson(*text);
  if (!parts) fail(parts.error());
  if (!parts->is_object()) fail("not a JSON object");
  for (const auto& [name, part] : parts->items()) {
    if (!part.is_object()) fail(name + " is not an object");
  }
  return *std::move(parts);
}

}  // namespace steamflow
