#include "elasticsearch_audit.h"

#include <fmt/format.h>

#include <chrono>

#include "index_names.h"
#include "json.h"
#include "parse_number.h"

namespace steamflow {
namespace {

// Where the record's document is: state is one index, events have one a month.
std::string IndexOf(const AuditedRecord& record, const std::string& prefix) {
  const std::string name = IndexName(prefix, record.topic);
  return IsState(record.kind) ? name : name + "-" + IndexMonth(record.index_time);
}

// The version that a player's document has of this record.
std::int64_t VersionOf(const AuditedRecord& record) {
  return std::chrono::milliseconds(record.event_time.time_since_epoch()).count();
}

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
    if (IsState(record.kind)) return Holding::kDeleted;
    return IsMonthBefore(record.index_time, since) ? Holding::kExpired : Holding::kMissing;
  }
  const JsonField* const is_found = FindField(found, "found");
  if (!is_found || is_found->type != JsonField::Type::kBool) {
    throw TaskError(
        ExitCode::kConfig,
        fmt::format("looking for documents of {}: not a response of Elasticsearch", record.topic));
  }
  if (is_found->value != "true")
    return IsState(record.kind) ? Holding::kDeleted : Holding::kMissing;
  if (!IsState(record.kind)) return Holding::kHeld;
  const auto version = ParseNumber<std::int64_t>(ValueOf(found, "_version"));
  return version && *version >= VersionOf(record) ? Holding::kHeld : Holding::kMissing;
}

[[noreturn]] void ThrowNoResponse(const RestServer& server, const HttpResponse& response) {
  throw TaskError(ExitCode::kConfig,
                  fmt::format("POST {}/_mget: HTTP {}, not a response of Elasticsearch ({})",
                              server.url, response.status, server.source));
}

}  // namespace

ElasticsearchAudit::ElasticsearchAudit(const RestServer& server, const std::string& index_prefix,
                                       const KafkaProperties& kafka, Instant since, const Run& run)
    : client_(server, run),
      index_prefix_(index_prefix),
      kafka_(kafka),
      since_(since),
      stop_(run.stop) {}

StoreAudit::Offsets ElasticsearchAudit::StoredOffsets(
    const std::vector<KafkaPartition>& partitions) {
  // Where nothing is stored yet no document is looked for, and a server that is down would not be
  // seen. No right but the one to read is needed to be told that this asks for nothing.
  const HttpResponse response = client_.Ask("POST", "/_mget", R"({"docs":[]})");
  if (response.status != 200 && response.status != 400) ThrowNoResponse(client_.server(), response);
  KafkaReader reader(kafka_, "steamflow-elasticsearch", stop_);
  const auto committed = reader.Committed(partitions);
  Offsets offsets;
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    if (committed[i]) offsets[{partitions[i].topic, partitions[i].id}] = *committed[i];
  }
  return offsets;
}

// By _mget, which sees documents before they can be searched for.
std::vector<Holding> ElasticsearchAudit::LookUp(std::span<const AuditedRecord> records) {
  std::vector<std::string> wanted;
  for (const AuditedRecord& record : records) {
    JsonObject document;
    document.Add("_index", IndexOf(record, index_prefix_))
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
