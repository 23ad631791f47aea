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

std::vector<JsonField> ReadTemplateFile(const std::string& folder, RecordKind kind) {
  return ReadParts(folder + "/" + FileOf(kind));
}

std::vector<JsonField> ReadParts(const std::string& path) {
  const auto fail = [&](const std::string& cause) {
    throw TaskError(ExitCode::kConfig, fmt::format("{}: {}", path, cause));
  };
  const auto text = ReadFile(path);
  if (!text) fail(text.error().message());
  auto parts = ParseJsonObject(*text);
  if (!parts) fail(parts.error());
  for (const JsonField& part : *parts) {
    if (part.type != JsonField::Type::kObject) fail(part.name + " is no object");
  }
  return *std::move(parts);
}

}  // namespace steamflow
