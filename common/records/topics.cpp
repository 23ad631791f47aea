#include "topics.h"

namespace steamflow {

std::vector<std::string> RecordTopics() {
  return {kPlayerCountTopic, kRecentGameTopic, kPlayerTopic, kWatchedPlayerTopic, kNewsTopic};
}

RecordKind KindOf(std::string_view topic) {
  if (topic == kPlayerCountTopic) return RecordKind::kPlayerCount;
  if (topic == kRecentGameTopic) return RecordKind::kRecentGame;
  if (topic == kPlayerTopic || topic == kWatchedPlayerTopic) return RecordKind::kPlayer;
  if (topic == kNewsTopic) return RecordKind::kNews;
  return RecordKind::kOther;
}

bool IsState(RecordKind kind) {
  return kind == RecordKind::kPlayer;
}

}  // namespace steamflow
