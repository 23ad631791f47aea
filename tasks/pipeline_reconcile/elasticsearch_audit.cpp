#include "elasticsearch_audit.h"

#include <fmt/format.h>

#include "index_names.h"
#include "json.h"
#include "parse_number.h"

namespace steamflow {
namespace {

using Fields = std::vector<JsonField>;

// The value of the field, as JSON text or as a string without quotes; empty where there is none.
std::string_view ValueOf(const Fields& fields, std::string_view name) {
  const JsonField* const field = FindField(fields, name);
  return field ? std::string_view(field->value) : std::string_view();
}

// `found`: of the response to _mget.
Holding Judge(const AuditedRecord& record, const Fields& found, Instant since) {
  if (const auto error = ParseJsonObject(ValueOf(found, "error"))) {
    const std::string_view type = ValueOf(*error, "type");
    if (type != "index_not_found_exception") {
      throw TaskError(type == "security_exception" ? ExitCode::kAuth : ExitCode::kTransient,
                      fmt::format("looking for documents of {}: {}", record.topic, type));
    }
    const bool has_month = !IsState(record.kind) && record.id_time;
    return has_month && IsMonthBefore(*record.id_time, since) ? Holding::kExpired
                                                              : Holding::kMissing;
  }
  const JsonField* const is_found = FindField(found, "found");
  if (!is_found || is_found->type != JsonField::Type::kBool) {
    throw TaskError(
        ExitCode::kConfig,
        fmt::format("looking for documents of {}: not a response of Elasticsearch", record.topic));
  }
  if (!IsState(record.kind)) {
    return is_found->value == "true" ? Holding::kHeld : Holding::kMissing;
  }
  // Of its newest record, which may be a tombstone; nothing where there is no document.
  const auto version = ParseNumber<std::int64_t>(ValueOf(found, "_version"));
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

// By _mget, which sees documents before they can be searched for.
std::vector<Holding> ElasticsearchAudit::LookUp(std::span<const AuditedRecord> records) {
  std::vector<std::string> wanted;
  for (const AuditedRecord& record : records) {
    JsonObject document;
    document
        .Add("_index",
             IndexName(index_prefix_, record.topic) + IndexSuffix(record.kind, record.id_time))
        .Add("_id", IsState(record.kind) ? record.state_id : record.event_id);
    wanted.push_back(document.Take());
  }
  JsonObject body;
  body.AddRaw("docs", JsonArray(wanted));
  const HttpResponse response = client_.Ask("POST", "/_mget?_source=false", body.Take());

  const auto fields = ParseJsonObject(response.body);
  const auto documents = ParseJsonArray(fields ? ValueOf(*fields, "docs") : "");
  if (response.status != 200 || !documents || documents->size() != records.size()) {
    ThrowNoResponse(client_.server(), response);
  }
  std::vector<Holding> holdings;
  for (const JsonField& document : *documents) {
    const auto found = ParseJsonObject(document.value);
    holdings.push_back(Judge(records[holdings.size()], found.value_or(Fields()), since_));
  }
  return holdings;
}

}  // namespace steamflow
