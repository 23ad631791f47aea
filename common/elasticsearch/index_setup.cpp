#include "index_setup.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "index_names.h"
#include "index_view.h"
#include "template_file.h"

namespace steamflow {
namespace {

// The lowest priority of a template; the length of its pattern is added. If two templates match an
// index, the longer pattern is the right one: with the topics `a` and `a-20`, an index of `a-20`
// also matches a pattern of `a`.
constexpr std::size_t kPriority = 200;

// The settings and mappings of the index for positions. They are not a file in the folder, because
// nobody searches positions and so nobody has a reason to change them.
Json PositionParts() {
  return {{"settings", {{"index", {{"number_of_shards", 1}, {"auto_expand_replicas", "0-1"}}}}},
          {"mappings",
           {{"dynamic", false},
            {"properties",
             {{"topic", {{"type", "keyword"}}},
              {"partition", {{"type", "integer"}}},
              {"offset", {{"type", "long"}}}}}}}};
}

constexpr char kIlm[] = "ilm_policy";
constexpr char kIsm[] = "ism_policy";

// Returns whether `held` has every leaf of `wanted`. The paths in `held` begin with `above`.
bool Holds(const JsonLeaves& held, const std::string& above, const JsonLeaves& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& leaf) {
    const auto found = held.find(above + leaf.first);
    return found != held.end() && found->second == leaf.second;
  });
}

// Returns whether `held` has a leaf under `part` that `wanted` does not have.
bool HoldsMore(const JsonLeaves& held, const std::string& above, const std::string& part,
               const JsonLeaves& wanted) {
  return std::any_of(held.begin(), held.end(), [&](const auto& leaf) {
    return leaf.first.starts_with(above + part) &&
           !wanted.contains(leaf.first.substr(above.size()));
  });
}

}  // namespace

// One of the two kinds of lifecycles: Elasticsearch's ILM, or OpenSearch's ISM.
struct IndexSetup::Lifecycle {
  const char* type;
  const char* path;   // the address of the policies
  const char* above;  // what the paths in a response begin with; {} stands for the policy's name
};

IndexSetup::IndexSetup(RestClient& client, const std::string& folder,
                       const std::string& index_prefix, const std::vector<std::string>& topics)
    : client_(client), folder_(folder), start_("steamflow-" + index_prefix) {
  const std::string positions = PositionsIndex(index_prefix);
  templates_.push_back({.name = "steamflow-" + positions,
                        .pattern = positions,
                        .aliases = Json::object(),
                        .parts = PositionParts()});
  for (const std::string& topic : topics) AddTopic(index_prefix, topic);
}

void IndexSetup::AddTopic(const std::string& index_prefix, const std::string& topic) {
  const std::string alias = AliasName(index_prefix, topic);
  const RecordKind kind = KindOf(topic);
  const std::string name = "steamflow-" + alias;
  Json parts = ReadTemplateFile(folder_, kind);
  parts["mappings"]["_meta"] = OwnerOf(index_prefix, topic);
  if (IsState(kind)) {
    const Json no_tombstone{{"bool", {{"must_not", {{"term", {{kTombstoneField, true}}}}}}}};
    templates_.push_back({.name = name + kStateSuffix,
                          .pattern = alias + kStateSuffix,
                          .aliases = {{alias, {{"filter", no_tombstone}}}},
                          .parts = parts});
    return;
  }
  const Json behind{{alias, Json::object()}};
  templates_.push_back({.name = name,
                        .pattern = alias + "-20*.*",
                        .aliases = behind,
                        .has_policy = true,
                        .parts = parts});
  templates_.push_back({.name = name + kUndatedSuffix,
                        .pattern = alias + kUndatedSuffix,
                        .aliases = behind,
                        .parts = parts});
}

std::vector<AppliedItem> IndexSetup::Apply() {
  std::vector<AppliedItem> applied;
  const Lifecycle* const lifecycle = FindLifecycle();
  for (const Template& wanted : templates_) {
    if (lifecycle && wanted.has_policy) applied.push_back(ApplyPolicy(wanted, *lifecycle));
    applied.push_back(ApplyTemplate(wanted, lifecycle));
  }
  return applied;
}

void IndexSetup::ApplyMissing() {
  const HttpResponse response = client_.Ask("GET", "/_index_template/" + start_ + "*");
  const auto is_there = [&](const Template& wanted) {
    return response.body.find("\"" + wanted.name + "\"") != std::string::npos;
  };
  templates_.erase(std::remove_if(templates_.begin(), templates_.end(), is_there),
                   templates_.end());
  if (!templates_.empty()) Apply();
}

// Finds the kind of lifecycles that the server has: only then can it list their policies.
const IndexSetup::Lifecycle* IndexSetup::FindLifecycle() {
  static constexpr std::array<Lifecycle, 2> kLifecycles{
      {{kIlm, "/_ilm/policy", "{}."}, {kIsm, "/_plugins/_ism/policies", ""}}};
  for (const Lifecycle& lifecycle : kLifecycles) {
    if (client_.Ask("GET", lifecycle.path).status == 200) return &lifecycle;
  }
  return nullptr;
}

AppliedItem IndexSetup::ApplyPolicy(const Template& wanted, const Lifecycle& lifecycle) {
  AppliedItem item{lifecycle.type, wanted.name, "created"};
  Json body = ReadParts(fmt::format("{}/{}.json", folder_, lifecycle.type));
  if (item.type == kIsm) {  // an ISM policy itself says which indices it is for
    const Json indices{{"index_patterns", Json::array({wanted.pattern})}, {"priority", kPriority}};
    for (Json& policy : body) policy["ism_template"] = Json::array({indices});
  }

  std::string path = fmt::format("{}/{}", lifecycle.path, item.name);
  const HttpResponse response = client_.Ask("GET", path);
  if (response.status == 200) {
    const JsonLeaves held = ParseLeaves(response.body);
    const std::string above = fmt::format(fmt::runtime(lifecycle.above), item.name);
    item.action = Holds(held, above, LeavesOf(body)) ? "unchanged" : "changed";
    if (item.action == "unchanged") return item;
    if (const auto number = held.find("_seq_no"); number != held.end()) {
      path +=
          fmt::format("?if_seq_no={}&if_primary_term={}", number->second, held.at("_primary_term"));
    }
  }
  Put(path, body);
  return item;
}

AppliedItem IndexSetup::ApplyTemplate(const Template& wanted, const Lifecycle* lifecycle) {
  AppliedItem item{"index_template", wanted.name, "created"};
  Json parts = wanted.parts;
  const bool has_ilm = lifecycle && lifecycle->type == std::string_view(kIlm);
  if (has_ilm && wanted.has_policy && parts.contains("settings")) {
    parts["settings"]["index.lifecycle.name"] = wanted.name;
  }
  parts["aliases"] = wanted.aliases;
  const Json body{{"index_patterns", Json::array({wanted.pattern})},
                  {"priority", kPriority + wanted.pattern.size()},
                  {"template", std::move(parts)}};

  const std::string path = "/_index_template/" + wanted.name;
  const HttpResponse response = client_.Ask("GET", path);
  if (response.status == 200) {
    const JsonLeaves held = ParseLeaves(response.body);
    const std::string above = "index_templates.0.index_template.";
    const JsonLeaves leaves = LeavesOf(body);
    const bool is_held = Holds(held, above, leaves) && !HoldsMore(held, above, "template.", leaves);
    item.action = is_held ? "unchanged" : "changed";
    if (is_held) return item;
  }
  Put(path, body);
  return item;
}

void IndexSetup::Put(const std::string& path, const Json& body) {
  const HttpResponse response = client_.Ask("PUT", path, FormatJson(body));
  if (response.status == 200 || response.status == 201) return;
  throw TaskError(ExitCode::kConfig, fmt::format("PUT {}{}: HTTP {}: {}", client_.server().url,
                                                 path, response.status, ErrorReason(response)));
}

}  // namespace steamflow
