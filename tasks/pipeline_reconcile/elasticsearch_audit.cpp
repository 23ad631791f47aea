#include "elasticsearch_audit.h"

#include <fmt/format.h>

#include "index_names.h"
#include "json_document.h"

namespace steamflow {
namespace {

// Returns whether the store holds a record. `found` is its entry in the response to _mget.
Holding Judge(const AuditedRecord& record, const Json& found, Instant since) {
  if (const Json& error = FieldOf(found, "error"); error.is_object()) {
    const std::string type = TextOf(FieldOf(error, "type"));
    if (type != "index_not_found_exception") {
      throw TaskError(type == "security_exception" ? ExitCode::kAuth : ExitCode::kTransient,
                      fmt::format("looking for documents of {}: {}", record.topic, type));
    }
    const bool has_month = !IsState(record.kind) && record.id_time;
    return has_month && IsMonthBefore(*record.id_time, since) ? Holding::kExpired
                                                              : Holding::kMissing;
  }
  const Json& is_found = FieldOf(found, "found");
  if (!is_found.is_boolean()) {
    throw TaskError(
        ExitCode::kConfig,
        fmt::format("looking for documents of {}: not a response of Elasticsearch", record.topic));
  }
  if (!IsState(record.kind)) return is_found == true ? Holding::kHeld : Holding::kMissing;
  // The version of the newest record, which may be a tombstone; nullopt if there is no document.
  const auto version = WholeNumberOf(FieldOf(found, "_version"));
  return version && *version >= record.state_version ? Holding::kHeld : Holding::kMissing;
}

[[noreturn]] void ThrowNoResponse(const RestServer& server, const HttpResponse& response) {
  throw TaskError(ExitCode::kConfig,
                  fmt::format("POST {}/_mget: HTTP {}, not a response of Elasticsearch ({})",
                              server.url, response.status, server.source));
}

}  // namespace

ElasticsearchAudit::ElasticsearchAudit(const RestServer& server, const std::string& index_prefix,
                                       Instant since, const Run& run)
    : client_(server, run),
      guard_(client_),
      positions_(client_, guard_, index_prefix),
      index_prefix_(index_prefix),
      since_(since) {}

StoreAudit::Offsets ElasticsearchAudit::StoredOffsets(
    const std::vector<KafkaPartition>& partitions) {
  const auto positions = positions_.Read(partitions);
  Offsets offsets;
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    if (positions[i]) offsets[{partitions[i].topic, partitions[i].id}] = positions[i]->offset;
  }
  return offsets;
}

// Reads the documents with _mget, which sees them before a refresh makes them visible to searches.
std::vector<Holding> ElasticsearchAudit::LookUp(std::span<const AuditedRecord> records) {
  Json wanted = Json::array();
  for (const AuditedRecord& record : records) {
    wanted.push_back({{"_index", AliasName(index_prefix_, record.topic) +
                                     IndexSuffix(record.kind, record.id_time)},
                      {"_id", IsState(record.kind) ? record.state_id : record.event_id}});
  }
  const Json body{{"docs", std::move(wanted)}};
  const HttpResponse response = client_.Ask("POST", "/_mget?_source=false", FormatJson(body));

  const Json answer = ParseJson(response.body).value_or(Json());
  const Json& documents = FieldOf(answer, "docs");
  if (response.status != 200 || !documents.is_array() || documents.size() != records.size()) {
    ThrowNoResponse(client_.server(), response);
  }
  std::vector<Holding> holdings;
  for (const Json& document : documents) {
    holdings.push_back(Judge(records[holdings.size()], document, since_));
  }
  return holdings;
}

}  // namespace steamflow
