#include "position_index.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "index_names.h"
#include "json.h"

namespace steamflow {
namespace {

using simdjson::dom::element;

std::string IdOf(const KafkaPartition& partition) {
  return fmt::format("{}/{}", partition.topic, partition.id);
}

std::pair<std::string, std::int32_t> KeyOf(const KafkaPartition& partition) {
  return {partition.topic, partition.id};
}

std::string Document(const KafkaPartition& partition, const SinkPosition& position) {
  JsonObject document;
  document.Add("topic", partition.topic)
      .Add("partition", partition.id)
      .Add("offset", position.offset);
  if (position.last) {
    JsonObject last;
    last.Add("offset", position.last->offset)
        .Add("timestamp_ms", position.last->timestamp_ms)
        .Add("event_id", position.last->event_id);
    document.AddRaw("last", last.Take());
  }
  return document.Take();
}

// False where it is none.
bool ReadPosition(const element& document, SinkPosition& position) {
  if (document["offset"].get(position.offset)) return false;
  element json;
  if (document["last"].get(json)) return true;
  LastRecord& last = position.last.emplace();
  std::string_view event_id;
  if (json["offset"].get(last.offset) || json["timestamp_ms"].get(last.timestamp_ms) ||
      json["event_id"].get(event_id)) {
    return false;
  }
  last.event_id = event_id;
  return true;
}

}  // namespace

PositionIndex::PositionIndex(RestClient& client, IndexGuard& guard, const std::string& index_prefix)
    : index_(PositionsIndex(index_prefix)), client_(client), guard_(guard) {}

std::vector<std::optional<SinkPosition>> PositionIndex::Read(
    const std::vector<KafkaPartition>& partitions) {
  Look(partitions);
  std::vector<std::optional<SinkPosition>> positions;
  for (const KafkaPartition& partition : partitions) {
    positions.push_back(seen_.at(KeyOf(partition)).position);
  }
  return positions;
}

void PositionIndex::CheckIndex() {
  guard_.Look({.name = index_});
}

bool PositionIndex::Move(const std::vector<PositionMove>& moves) {
  if (!std::all_of(moves.begin(), moves.end(),
                   [this](const PositionMove& move) { return IsSeen(move); })) {
    seen_.clear();
  }
  for (;;) {
    if (seen_.empty()) {
      std::vector<KafkaPartition> partitions;
      for (const PositionMove& move : moves) partitions.push_back(move.partition);
      Look(partitions);
    }
    std::vector<PositionMove> open;
    for (const PositionMove& move : moves) {
      const auto& position = seen_.at(KeyOf(move.partition)).position;
      if (position == move.to) continue;
      if (position != move.from) return false;
      open.push_back(move);
    }
    const bool is_done = open.empty() || Set(open);
    seen_.clear();
    if (is_done) return true;
  }
}

bool PositionIndex::IsSeen(const PositionMove& move) const {
  const auto seen = seen_.find(KeyOf(move.partition));
  return seen != seen_.end() && seen->second.position == move.from;
}

// By _mget, which sees documents before they can be searched for.
void PositionIndex::Look(const std::vector<KafkaPartition>& partitions) {
  seen_.clear();
  if (partitions.empty()) return;
  std::vector<std::string> wanted;
  for (const KafkaPartition& partition : partitions) {
    JsonObject document;
    document.Add("_index", index_).Add("_id", IdOf(partition));
    wanted.push_back(document.Take());
  }
  JsonObject body;
  body.AddRaw("docs", JsonArray(wanted));
  const HttpResponse response = client_.Ask("POST", "/_mget", body.Take());
  simdjson::dom::parser parser;
  simdjson::dom::array documents;
  const auto error = parser.parse(response.body)["docs"].get(documents);
  if (response.status != 200 || error || documents.size() != partitions.size()) {
    Fail(ExitCode::kConfig, fmt::format("HTTP {}: {}", response.status, ErrorReason(response)));
  }
  std::size_t i = 0;
  for (const element document : documents) {
    const KafkaPartition& partition = partitions[i++];
    Seen& seen = seen_[KeyOf(partition)];
    std::string_view type;
    if (!document["error"]["type"].get(type)) {
      if (type == "index_not_found_exception") continue;
      std::string_view reason;
      if (document["error"]["reason"].get(reason)) reason = "no reason";
      Fail(type == "security_exception"       ? ExitCode::kAuth
           : type == "index_closed_exception" ? ExitCode::kConfig
                                              : ExitCode::kTransient,
           fmt::format("{}: {}", type, reason));
    }
    bool is_found = false;
    if (!document["found"].get(is_found) && !is_found) continue;
    element source;
    if (document["_source"].get(source) || document["_seq_no"].get(seen.seq_no) ||
        document["_primary_term"].get(seen.primary_term) ||
        !ReadPosition(source, seen.position.emplace())) {
      CheckIndex();  // may say why
      Fail(ExitCode::kData,
           fmt::format("the document {} is no position; delete it, and the records "
                       "of that partition are stored from the first on",
                       IdOf(partition)));
    }
  }
}

std::string PositionIndex::Lines(const PositionMove& move) const {
  const Seen& seen = seen_.at(KeyOf(move.partition));
  JsonObject at;
  at.Add("_index", index_).Add("_id", IdOf(move.partition));
  if (seen.position) {
    at.Add("if_seq_no", seen.seq_no).Add("if_primary_term", seen.primary_term);
  }
  JsonObject action;
  action.AddRaw(seen.position ? "index" : "create", at.Take());
  return action.Take() + "\n" + Document(move.partition, move.to) + "\n";
}

// False where a document is not as it was seen.
bool PositionIndex::Set(const std::vector<PositionMove>& moves) {
  std::string body;
  for (const PositionMove& move : moves) body += Lines(move);
  const HttpResponse response =
      client_.Ask("POST", "/_bulk?filter_path=items.*.status,items.*.result,items.*.error", body,
                  "application/x-ndjson");
  if (response.status != 200) {
    Fail(ExitCode::kConfig, fmt::format("HTTP {}: {}", response.status, ErrorReason(response)));
  }
  const auto items = parser_.Parse(response.body, moves.size());
  if (!items) Fail(ExitCode::kTransient, items.error());
  bool is_set = true;
  for (const BulkItem& item : *items) {
    switch (item.fate) {
      case BulkItem::Fate::kStored:
        break;
      case BulkItem::Fate::kDuplicate:
        is_set = false;
        break;
      case BulkItem::Fate::kTryAgain:
        Fail(ExitCode::kTransient, item.reason);
      case BulkItem::Fate::kNoRight:
        Fail(ExitCode::kAuth, item.reason);
      case BulkItem::Fate::kRefused:
      case BulkItem::Fate::kNoPlace:
        Fail(ExitCode::kConfig, item.reason);
    }
  }
  return is_set;
}

void PositionIndex::Fail(ExitCode code, const std::string& cause) const {
  throw TaskError(code, fmt::format("positions in {}/{}: {} ({})", client_.server().url, index_,
                                    cause, client_.server().source));
}

}  // namespace steamflow
