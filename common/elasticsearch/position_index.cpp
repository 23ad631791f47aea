#include "position_index.h"

#include <fmt/format.h>

#include <algorithm>

#include "index_names.h"
#include "json_document.h"

namespace steamflow {
namespace {

std::string IdOf(const KafkaPartition& partition) {
  return fmt::format("{}/{}", partition.topic, partition.id);
}

std::pair<std::string, std::int32_t> KeyOf(const KafkaPartition& partition) {
  return {partition.topic, partition.id};
}

Json Document(const KafkaPartition& partition, const SinkPosition& position) {
  Json document{
      {"topic", partition.topic}, {"partition", partition.id}, {"offset", position.offset}};
  if (position.last) {
    Json& last = document["last"] = {{"offset", position.last->offset},
                                     {"event_id", position.last->event_id}};
    if (position.last->timestamp_ms) last["timestamp_ms"] = *position.last->timestamp_ms;
  }
  return document;
}

// Returns false if the value is not a whole number.
bool ReadNumber(const Json& json, std::int64_t& number) {
  const auto found = WholeNumberOf(json);
  number = found.value_or(0);
  return found.has_value();
}

// Returns false if the document is not a position.
bool ReadPosition(const Json& document, SinkPosition& position) {
  if (!ReadNumber(FieldOf(document, "offset"), position.offset)) return false;
  if (!document.contains("last")) return true;
  const Json& json = document["last"];
  LastRecord& last = position.last.emplace();
  const Json& event_id = FieldOf(json, "event_id");
  last.event_id = TextOf(event_id);
  const Json& timestamp = FieldOf(json, "timestamp_ms");
  last.timestamp_ms = WholeNumberOf(timestamp);
  return ReadNumber(FieldOf(json, "offset"), last.offset) &&
         last.timestamp_ms.has_value() != timestamp.is_null() && event_id.is_string();
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

std::vector<KafkaPartition> PositionIndex::Find(const std::vector<std::string>& topics) {
  const Json wanted =
      Json::array({{{"terms", {{"topic", topics}}}}, {{"range", {{"offset", {{"gt", 0}}}}}}});
  const Json body{{"size", 10'000}, {"query", {{"bool", {{"filter", wanted}}}}}};
  const HttpResponse response =
      client_.Ask("POST", "/" + index_ + "/_search?ignore_unavailable=true", FormatJson(body));
  if (response.status != 200) {
    Fail(ExitCode::kConfig, fmt::format("HTTP {}: {}", response.status, ErrorReason(response)));
  }
  const Json found = ParseJson(response.body).value_or(Json());
  std::vector<KafkaPartition> partitions;
  for (const Json& hit : FieldOf(FieldOf(found, "hits"), "hits")) {
    const Json& document = FieldOf(hit, "_source");
    const auto id = WholeNumberOf(FieldOf(document, "partition"));
    if (id) partitions.push_back({TextOf(FieldOf(document, "topic")), static_cast<int>(*id), {}});
  }
  return partitions;
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

// Reads the documents with _mget, which sees them before a refresh makes them visible to searches.
void PositionIndex::Look(const std::vector<KafkaPartition>& partitions) {
  seen_.clear();
  if (partitions.empty()) return;
  Json wanted = Json::array();
  for (const KafkaPartition& partition : partitions) {
    wanted.push_back({{"_index", index_}, {"_id", IdOf(partition)}});
  }
  const Json body{{"docs", std::move(wanted)}};
  const HttpResponse response = client_.Ask("POST", "/_mget", FormatJson(body));
  const Json answer = ParseJson(response.body).value_or(Json());
  const Json& documents = FieldOf(answer, "docs");
  if (response.status != 200 || !documents.is_array() || documents.size() != partitions.size()) {
    Fail(ExitCode::kConfig, fmt::format("HTTP {}: {}", response.status, ErrorReason(response)));
  }
  std::size_t i = 0;
  for (const Json& document : documents) {
    const KafkaPartition& partition = partitions[i++];
    Seen& seen = seen_[KeyOf(partition)];
    const Json& error = FieldOf(document, "error");
    if (const std::string type = TextOf(FieldOf(error, "type")); !type.empty()) {
      if (type == "index_not_found_exception") continue;
      const Json& reason = FieldOf(error, "reason");
      Fail(type == "security_exception"       ? ExitCode::kAuth
           : type == "index_closed_exception" ? ExitCode::kConfig
                                              : ExitCode::kTransient,
           fmt::format("{}: {}", type, reason.is_null() ? "no reason" : TextOf(reason)));
    }
    if (FieldOf(document, "found") == false) continue;
    if (!ReadNumber(FieldOf(document, "_seq_no"), seen.seq_no) ||
        !ReadNumber(FieldOf(document, "_primary_term"), seen.primary_term) ||
        !ReadPosition(FieldOf(document, "_source"), seen.position.emplace())) {
      CheckIndex();  // throws the reason if the index itself is wrong
      Fail(ExitCode::kData,
           fmt::format("the document {} is not a position; delete it, and the records "
                       "of that partition are stored again from the first one",
                       IdOf(partition)));
    }
  }
}

std::string PositionIndex::Lines(const PositionMove& move) const {
  const Seen& seen = seen_.at(KeyOf(move.partition));
  Json at{{"_index", index_}, {"_id", IdOf(move.partition)}};
  if (seen.position) {
    at["if_seq_no"] = seen.seq_no;
    at["if_primary_term"] = seen.primary_term;
  }
  const Json action{{seen.position ? "index" : "create", std::move(at)}};
  return FormatJson(action) + "\n" + FormatJson(Document(move.partition, move.to)) + "\n";
}

// Returns false if a document has changed since it was read.
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
