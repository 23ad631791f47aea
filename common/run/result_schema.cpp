#include "result_schema.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "exit_meaning.h"
#include "json_schema.h"

namespace steamflow {
namespace {

using schema::Count;
using schema::ListOf;
using schema::MapOf;
using schema::Object;
using schema::OneOf;
using schema::OrNull;
using schema::Text;
using schema::Truth;
using schema::WholeNumber;

Json RunSchema() {
  return Object({{"dag_id", OrNull(Text())},
                 {"task_id", OrNull(Text())},
                 {"run_id", OrNull(Text())},
                 {"try_number", OrNull(WholeNumber())},
                 {"map_index", WholeNumber()},
                 {"logical_date", Text()}});
}

Json ErrorSchema() {
  std::vector<std::string> kinds;
  for (const ExitMeaning& meaning : ExitMeanings()) {
    const std::string_view kind = Kind(meaning.code);
    const bool is_known = std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
    if (meaning.code != ExitCode::kSuccess && !is_known) kinds.emplace_back(kind);
  }
  return OrNull(Object({{"kind", OneOf(kinds)}, {"message", Text()}}));
}

Json ExitCodeSchema() {
  Json codes = Json::array();
  for (const ExitMeaning& meaning : ExitMeanings()) codes.push_back(static_cast<int>(meaning.code));
  return {{"type", "integer"}, {"enum", std::move(codes)}};
}

}  // namespace

Json KafkaSchema() {
  return Object({{"topic", OrNull(Text())},
                 {"records", Count()},
                 {"acknowledged", Count()},
                 {"bytes", Count()},
                 {"dead_letters", Count()}});
}

Json SourceParts() {
  const Json items = Object({{"ok", Count()},
                             {"empty", Count()},
                             {"withheld", Count()},
                             {"absent", Count()},
                             {"rejected", Count()}});
  const Json cursor =
      Object({{"key", Text()}, {"from", OrNull(Text())}, {"to", Text()}, {"advanced", Truth()}});
  return {{"source", Object({{"requests", Count()}, {"retries", Count()}, {"items", items}})},
          {"kafka", KafkaSchema()},
          {"sink", Object({{"type", OneOf({"stdout", "file", "none"})}, {"records", Count()}})},
          {"cursors", ListOf(cursor)}};
}

Json DrainParts() {
  const Json topic = Object({{"records", Count()}, {"partitions", Count()}, {"lag", Count()}});
  return {{"source", Object({{"records", Count()}, {"topics", MapOf(topic)}})},
          {"sink", Object({{"type", OneOf({"postgres", "elasticsearch"})},
                           {"inserted", Count()},
                           {"duplicates", Count()},
                           {"dead_letters", Count()}})}};
}

Json ResultSchema(const std::string& task, ResultParts parts) {
  const Json always{{"task", OneOf({task})},
                    {"version", Text()},
                    {"status", OneOf({"success", "skipped", "failed"})},
                    {"exit_code", ExitCodeSchema()},
                    {"retryable", Truth()},
                    {"run", RunSchema()},
                    {"error", ErrorSchema()},
                    {"elapsed_seconds", schema::Number()}};
  Json sometimes = Json::object();
  const Json own = parts();
  for (const auto& [name, part] : own.items()) {
    // If the line would be too long, a list is cut and a section is null.
    const bool is_list = TextOf(part["type"]) == "array";
    sometimes[name] = is_list ? part : OrNull(part);
    if (is_list) sometimes[name + "_omitted"] = Count();
  }
  Json result{{"$schema", "https://json-schema.org/draft/2020-12/schema"}};
  result.update(Object(always, sometimes));
  return result;
}

}  // namespace steamflow
