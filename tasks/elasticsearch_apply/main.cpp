// Installs what Elasticsearch or OpenSearch needs before records arrive, and the dashboards in
// Kibana.

#include <fmt/format.h>

#include "airflow_variable.h"
#include "command.h"
#include "elasticsearch_config.h"
#include "file_io.h"
#include "index_setup.h"
#include "json_document.h"
#include "json_schema.h"
#include "kibana.h"
#include "topics.h"

namespace {

using namespace steamflow;

std::string ReadSavedObjects(const std::string& flag_value, const std::string& prefix) {
  const std::string path =
      flag_value.empty() ? InstalledPath("kibana/saved_objects.ndjson") : flag_value;
  const auto objects = ReadFile(path);
  if (!objects) {
    throw TaskError(flag_value.empty() ? ExitCode::kConfig : ExitCode::kUsage,
                    fmt::format("--saved-objects {}: {}", path, objects.error().message()));
  }
  return WithIndexPrefix(*objects, prefix);
}

Json Entry(const AppliedItem& item) {
  return {{"type", item.type}, {"name", item.name}, {"action", item.action}};
}

Json Parts() {
  const Json entry =
      schema::Object({{"type", schema::OneOf({"index_template", "ilm_policy", "ism_policy"})},
                      {"name", schema::Text()},
                      {"action", schema::OneOf({"created", "changed", "unchanged"})}});
  return {{"applied", schema::ListOf(entry)},
          {"kibana", schema::Object({{"saved_objects", schema::Count()}})}};
}

}  // namespace

int main(int argc, char** argv) {
  Command command(
      "elasticsearch-apply",
      "Creates the index templates of the topics and, if the server supports lifecycles, the "
      "policies that drop old months. Imports the dashboards into Kibana if its address is set. "
      "Objects that are already as wanted are not changed.",
      "elasticsearch-apply --elasticsearch-url http://localhost:9200 "
      "--kibana-url http://localhost:5601",
      Parts);
  ElasticsearchFlags flags;
  flags.AddTo(command.flags());
  std::vector<std::string> topics = RecordTopics();
  command.flags().Add("--topic", topics, "Kafka topic").Format("topic");
  std::string folder;
  command.flags()
      .Add("--folder", folder,
           "Folder of the templates and policies [default: "
           "share/steamflow/elasticsearch of the installation]")
      .Format("path");
  std::string kibana_flag;
  command.flags()
      .Add("--kibana-url", kibana_flag, "Kibana or OpenSearch Dashboards, http://host:5601")
      .Format("uri")
      .Environment(EnvironmentName("KIBANA_URL"));
  std::string saved_objects;
  command.flags()
      .Add("--saved-objects", saved_objects,
           "Export of Kibana's saved objects [default: "
           "share/steamflow/kibana/saved_objects.ndjson of the installation]")
      .Format("path");

  return command.Main(argc, argv, [&](Run& run) {
    const bool allow_http = run.options.allow_http;
    const RestServer server = ReadElasticsearchServer(flags, allow_http, run.log);
    const std::string prefix = ReadIndexPrefix(flags);
    const auto kibana_server = ReadKibanaServer(kibana_flag, allow_http, server);
    const std::string dashboards = kibana_server ? ReadSavedObjects(saved_objects, prefix) : "";
    RestClient client(server, run);
    IndexSetup setup(client, folder.empty() ? InstalledPath("elasticsearch") : folder, prefix,
                     topics);

    std::vector<Json> entries;
    for (const AppliedItem& item : setup.Apply()) entries.push_back(Entry(item));
    run.result.lists.emplace_back("applied", std::move(entries));
    if (!kibana_server) return;

    RestClient kibana(*kibana_server, run);
    const Json imported{{"saved_objects", ImportSavedObjects(kibana, dashboards)}};
    run.result.sections.emplace_back("kibana", imported);
  });
}
