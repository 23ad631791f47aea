#include "index_view.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "index_names.h"
#include "json.h"

namespace steamflow {
namespace {

// Returns the field `name` if it is an object, or else an empty object.
Json ObjectAt(const Json& json, const char* name) {
  const Json& object = FieldOf(json, name);
  return object.is_object() ? object : Json::object();
}

std::string ValueAt(const JsonLeaves& leaves, const std::string& path) {
  const auto found = leaves.find(path);
  return found == leaves.end() ? "" : found->second;
}

IndexView ViewOf(const std::string& place, const Json& parts) {
  IndexView view{.place = place, .mappings = ObjectAt(parts, "mappings")};
  const Json aliases = ObjectAt(parts, "aliases");
  for (const auto& [name, alias] : aliases.items()) {
    view.aliases.emplace(name, FormatJson(ObjectAt(alias, "filter")));
  }
  view.settings = LeavesOf(ObjectAt(parts, "settings"));
  return view;
}

std::optional<std::string> WhyNotWhole(const Json& mappings) {
  const Json source = ObjectAt(mappings, "_source");
  for (const auto& [name, option] : source.items()) {
    const std::string value = TextOf(option);
    const bool is_off = name == "enabled" && value == "false";
    const bool is_part = (name == "excludes" || name == "includes") && value != "[]";
    if (is_off || is_part || (name == "mode" && value == "disabled")) {
      return fmt::format("does not keep whole documents (_source.{} of its mapping)", name);
    }
  }
  return std::nullopt;
}

// Returns whether a setting decides which values an index accepts.
bool ConcernsValues(const std::string& setting) {
  return setting == "index.mapping.ignore_malformed" || setting == "index.mapping.coerce" ||
         setting == "index.mode" || setting.starts_with("index.analysis.");
}

std::string FirstName(std::string_view path) {
  return std::string(path.substr(0, path.find('.')));
}

// Returns the field that the server's message blames: "failed to parse field [a.b] of type",
// "object mapping for [a]", "immense term in field=\"a\"". Takes the first match, because text from
// the record itself can only come after it.
std::string NamedField(std::string_view reason) {
  for (const auto& [before, behind] :
       {std::pair{"object mapping for [", ']'}, std::pair{"field [", ']'},
        std::pair{"field=\"", '"'}, std::pair{"[", ']'}}) {
    const std::size_t at = reason.find(before);
    if (at == std::string_view::npos) continue;
    reason.remove_prefix(at + std::string_view(before).size());
    return FirstName(reason.substr(0, reason.find(behind)));
  }
  return "";
}

}  // namespace

tl::expected<IndexView, std::string> ReadIndex(std::string_view json) {
  const Json indices = ParseJson(json).value_or(Json());
  if (!indices.is_object() || indices.empty())
    return tl::unexpected(std::string("has a description that this program cannot read"));
  if (indices.size() > 1) {
    std::vector<std::string> names;
    for (const auto& [name, index] : indices.items()) names.push_back(name);
    return tl::unexpected(
        fmt::format("is an alias of several indices ({}): the same event could "
                    "be in each",
                    fmt::join(names, ", ")));
  }
  const auto index = indices.begin();
  if (index->contains("data_stream")) {
    return tl::unexpected(
        std::string("is a data stream, which accepts the same event again after a "
                    "rollover"));
  }
  return ViewOf(index.key(), *index);
}

tl::expected<IndexView, std::string> ReadSimulatedIndex(std::string_view json,
                                                        const std::string& name) {
  return ViewOf(name, ObjectAt(ParseJson(json).value_or(Json()), "template"));
}

Json OwnerOf(const std::string& index_prefix, const std::string& topic) {
  return {{"steamflow_index_prefix", index_prefix}, {"steamflow_topic", topic}};
}

std::optional<std::string> WhyNotForSink(const IndexView& index, const SinkIndex& wanted) {
  for (const char* setting : {"index.final_pipeline", "index.default_pipeline"}) {
    const std::string pipeline = ValueAt(index.settings, setting);
    if (!pipeline.empty() && pipeline != "_none") {
      return fmt::format(
          "has the ingest pipeline {} ({}), which may change documents and the index that "
          "they go to",
          pipeline, setting);
    }
  }
  if (auto why = WhyNotWhole(index.mappings)) return why;
  const Json owner = ObjectAt(index.mappings, "_meta");
  const bool is_of_other =
      std::any_of(wanted.owner.items().begin(), wanted.owner.items().end(), [&](const auto& field) {
        return owner.contains(field.key()) && owner[field.key()] != field.value();
      });
  if (is_of_other) {
    return fmt::format("is for the topic {} with the index prefix '{}'; use another --index-prefix",
                       TextOf(owner["steamflow_topic"]),
                       TextOf(FieldOf(owner, "steamflow_index_prefix")));
  }
  if (wanted.alias.empty()) return std::nullopt;
  const auto alias = index.aliases.find(wanted.alias);
  if (alias == index.aliases.end()) {
    return fmt::format("does not have the alias {}, through which its documents are found",
                       wanted.alias);
  }
  if (wanted.hides_tombstones && alias->second.find(kTombstoneField) == std::string::npos) {
    return fmt::format("has the alias {} without the filter that hides deleted documents",
                       wanted.alias);
  }
  return std::nullopt;
}

MappingDifference::MappingDifference(const IndexView& index, const Json& installed) {
  const Json wanted = ObjectAt(installed, "mappings");
  const auto dynamic = [](const Json& mappings) {
    return mappings.contains("dynamic") ? TextOf(mappings["dynamic"]) : "true";
  };
  is_dynamic_otherwise_ = dynamic(index.mappings) != dynamic(wanted);
  const Json properties = ObjectAt(wanted, "properties");
  const Json held = ObjectAt(index.mappings, "properties");
  for (const auto& [name, field] : held.items()) {
    fields_[FirstName(name)] |=
        !properties.contains(name) || LeavesOf(field) != LeavesOf(properties[name]);
  }
  const JsonLeaves settings = LeavesOf(ObjectAt(installed, "settings"));
  for (const auto& [from, in] :
       {std::pair(&index.settings, &settings), std::pair(&settings, &index.settings)}) {
    for (const auto& [name, value] : *from) {
      if (ConcernsValues(name) && ValueAt(*in, name) != value) setting_ = name;
    }
  }
}

std::optional<std::string> MappingDifference::ToBlame(const std::optional<std::string_view>& value,
                                                      std::string_view reason) const {
  std::vector<std::string> fields{"@timestamp"};
  if (!value) fields.insert(fields.end(), {kTombstoneField, "steamid"});
  const auto own = ParseJsonObject(value.value_or("{}"));
  for (const JsonField& field : own.value_or(std::vector<JsonField>())) {
    fields.push_back(FirstName(field.name));
  }
  const std::string named = NamedField(reason);
  if (std::find(fields.begin(), fields.end(), named) != fields.end()) fields = {named};
  for (const std::string& field : fields) {
    if (Differs(field)) return "its mapping of " + field;
  }
  if (setting_) return "its setting " + *setting_;
  return std::nullopt;
}

bool MappingDifference::Differs(const std::string& field) const {
  const auto found = fields_.find(field);
  return found == fields_.end() ? is_dynamic_otherwise_ : found->second;
}

}  // namespace steamflow
