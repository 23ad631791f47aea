#include "store_checks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <set>
#include <vector>

#include "index_guard.h"
#include "index_names.h"
#include "json_document.h"
#include "timestamp.h"
#include "topics.h"

namespace steamflow {
namespace {

// Sends GET `path` and returns the leaves of the response. Throws TaskError (kConfig) if the status
// is not 200 or the body is not JSON.
JsonLeaves AskForLeaves(RestClient& client, const std::string& path) {
  const HttpResponse response = client.Ask("GET", path);
  const std::string name = fmt::format("GET {}{}", client.server().url, path);
  if (response.status != 200) {
    throw TaskError(ExitCode::kConfig,
                    fmt::format("{}: HTTP {}: {}", name, response.status, ErrorReason(response)));
  }
  const auto json = ParseJson(response.body);
  if (!json) throw TaskError(ExitCode::kConfig, name + ": the server does not answer in JSON");
  return LeavesOf(*json);
}

std::string ValueOf(const JsonLeaves& leaves, const std::string& path) {
  const auto found = leaves.find(path);
  return found == leaves.end() ? "" : found->second;
}

// Returns the blocks that are set, on the cluster or on an index. A block on reading counts as
// well: a sink could still write, but nobody would find its documents.
std::vector<std::string> Blocks(RestClient& client, const std::string& prefix) {
  std::vector<std::string> blocks;
  for (const auto& [path, value] : AskForLeaves(client, "/_cluster/settings?flat_settings=true")) {
    const auto block = path.find("cluster.blocks.");
    if (block != std::string::npos && value == "true") blocks.push_back(path.substr(block));
  }
  const std::string of_indices =
      fmt::format("/{}*/_settings/index.blocks.*?flat_settings=true&allow_no_indices=true", prefix);
  for (const auto& [path, value] : AskForLeaves(client, of_indices)) {
    const auto block = path.find(".settings.index.blocks.");
    if (block == std::string::npos || value != "true") continue;
    if (path.starts_with(".")) continue;  // an index of the server itself
    blocks.push_back(fmt::format("{} of {}", path.substr(block + 10), path.substr(0, block)));
  }
  return blocks;
}

// Returns the indices that a sink with this prefix would write into now, by the names of their
// templates.
std::map<std::string, SinkIndex> IndicesOfNow(const std::string& prefix) {
  const std::string positions = PositionsIndex(prefix);
  std::map<std::string, SinkIndex> indices{{"steamflow-" + positions, {.name = positions}}};
  for (const std::string& topic : RecordTopics()) {
    const RecordKind kind = KindOf(topic);
    const std::string alias = AliasName(prefix, topic);
    const std::string name = "steamflow-" + alias;
    const std::string suffix = IndexSuffix(kind, std::nullopt);
    const Json owner = OwnerOf(prefix, topic);
    indices[name + suffix] = {alias + suffix, alias, IsState(kind), owner};
    if (!IsState(kind)) indices[name] = {alias + IndexSuffix(kind, Now()), alias, false, owner};
  }
  return indices;
}

// Throws TaskError if a sink would refuse to write into one of them. An index that does not exist,
// and whose template the first run will install, is not checked.
void CheckIndices(RestClient& client, const std::string& prefix) {
  std::set<std::string> templates;
  for (const auto& [path, value] : AskForLeaves(client, "/_index_template")) {
    if (path.ends_with(".name")) templates.insert(value);
  }
  IndexGuard guard(client);
  for (const auto& [name, index] : IndicesOfNow(prefix)) {
    const bool is_there =
        templates.contains(name) || client.Ask("GET", "/" + index.name).status != 404;
    if (is_there) guard.Look(index);
  }
}

// Returns the permissions that a sink needs and the login lacks. Only Elasticsearch with security
// enabled can tell; returns nothing for other servers.
std::vector<std::string> MissingRights(RestClient& client, const std::string& prefix) {
  Json names = Json::array({PositionsIndex(prefix)});
  for (const std::string& topic : RecordTopics()) names.push_back(AliasName(prefix, topic) + "-*");
  const Json indices{{"names", std::move(names)},
                     {"privileges", {"create_index", "index", "read", "view_index_metadata"}}};
  const Json body{{"cluster", Json::array({"manage_ilm", "manage_index_templates"})},
                  {"index", Json::array({indices})}};
  const HttpResponse response =
      client.Ask("POST", "/_security/user/_has_privileges", FormatJson(body));
  std::vector<std::string> missing;
  if (response.status != 200) return missing;
  for (const auto& [path, value] : ParseLeaves(response.body)) {
    if (value != "false") continue;
    if (path.starts_with("cluster.")) missing.push_back(path.substr(8));
    if (!path.starts_with("index.")) continue;
    const auto dot = path.rfind('.');
    missing.push_back(fmt::format("{} of {}", path.substr(dot + 1), path.substr(6, dot - 6)));
  }
  return missing;
}

}  // namespace

std::string CheckPostgres(const PostgresParameters& parameters, const std::string& schema,
                          Run& run) {
  PostgresClient client(parameters, schema, run.stop);
  const auto row =
      client
          .Execute(
              "SELECT current_user, current_database(), current_setting('server_encoding'),"
              " pg_is_in_recovery() OR current_setting('transaction_read_only')::bool,"
              " n.oid IS NOT NULL, has_database_privilege(current_database(), 'CREATE'),"
              " n.oid IS NOT NULL AND has_schema_privilege(n.oid, 'USAGE'),"
              " (SELECT string_agg(relname, ', ' ORDER BY relname) FROM pg_class c"
              "  WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p')"
              "  AND NOT (has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, "
              "'INSERT')))"
              " FROM (SELECT) AS one LEFT JOIN pg_namespace n ON n.nspname = $1",
              {schema})
          .at(0);
  const std::string user = row[0].value_or("");
  const std::string database = row[1].value_or("");
  const auto is_true = [&](std::size_t column) { return row[column] == "t"; };
  if (row[2] != "UTF8") {
    throw TaskError(ExitCode::kConfig,
                    fmt::format("the database {} has the encoding {}: create it with UTF8",
                                database, row[2].value_or("")));
  }
  if (is_true(3)) {
    throw TaskError(ExitCode::kTransient,
                    fmt::format("the database {} is read-only: name the primary", database));
  }
  if (!is_true(4) && !is_true(5)) {
    throw TaskError(
        ExitCode::kAuth,
        fmt::format("there is no schema {0}, and {1} may not create it: GRANT CREATE ON "
                    "DATABASE {2} TO {1}",
                    schema, user, database));
  }
  if (is_true(4) && !is_true(6)) {
    throw TaskError(ExitCode::kAuth, fmt::format("{0} may not use the schema {1}: GRANT USAGE ON "
                                                 "SCHEMA {1} TO {0}",
                                                 user, schema));
  }
  if (row[7]) {
    throw TaskError(ExitCode::kAuth, fmt::format("{} may not read and write in the schema {}: {}",
                                                 user, schema, *row[7]));
  }
  return fmt::format("database {} as {}, schema {} {}", database, user, schema,
                     is_true(4) ? "exists" : "will be created");
}

std::string CheckSearch(const RestServer& server, const std::string& index_prefix, Run& run) {
  RestClient client(server, run);
  const JsonLeaves about = AskForLeaves(client, "/");
  const std::string version = ValueOf(about, "version.number");
  if (version.empty()) {
    throw TaskError(ExitCode::kConfig, server.url + " is neither Elasticsearch nor OpenSearch");
  }
  if (const auto missing = MissingRights(client, index_prefix); !missing.empty()) {
    throw TaskError(
        ExitCode::kAuth,
        fmt::format("the login lacks permissions that a sink needs: {}", fmt::join(missing, ", ")));
  }
  if (const auto blocks = Blocks(client, index_prefix); !blocks.empty()) {
    throw TaskError(ExitCode::kTransient,
                    fmt::format("reading or writing is blocked (by a full disk or an operator): {}",
                                fmt::join(blocks, ", ")));
  }
  CheckIndices(client, index_prefix);
  const std::string distribution = ValueOf(about, "version.distribution");
  return fmt::format("{} {} answers, nothing blocks reading or writing",
                     distribution.empty() ? "Elasticsearch" : "OpenSearch", version);
}

std::string CheckConnect(const RestServer& server, Run& run) {
  RestClient client(server, run);
  std::set<std::string> connectors;
  std::set<std::string> failed;
  for (const auto& [path, value] : AskForLeaves(client, "/connectors?expand=status")) {
    const auto end = path.find(".status.");
    if (end == std::string::npos) continue;
    connectors.insert(path.substr(0, end));
    if (path.ends_with(".state") && value == "FAILED") failed.insert(path.substr(0, end));
  }
  if (failed.empty())
    return fmt::format("{} answers, connectors: {}", server.url, connectors.size());
  throw TaskError(ExitCode::kConfig,
                  fmt::format("connectors that have failed (connect-apply --restart-failed starts "
                              "them again): {}",
                              fmt::join(failed, ", ")));
}

std::string CheckPushgateway(const std::string& url, Run& run) {
  RestClient client({.source = "PUSHGATEWAY_URL", .url = url}, run);
  const HttpResponse response = client.Ask("GET", "/-/ready");
  if (response.status == 200) return url + " answers";
  throw TaskError(ExitCode::kConfig, fmt::format("GET {}/-/ready: HTTP {}: it is not a Pushgateway",
                                                 url, response.status));
}

}  // namespace steamflow
