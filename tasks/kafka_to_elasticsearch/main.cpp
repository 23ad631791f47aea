// Moves records from Kafka into Elasticsearch or OpenSearch, each once.

#include "command.h"
#include "drain.h"
#include "elasticsearch_config.h"
#include "elasticsearch_store.h"
#include "file_io.h"
#include "index_setup.h"

int main(int argc, char** argv) {
  using namespace steamflow;
  Command command("kafka-to-elasticsearch",
                  "Moves records from Kafka into Elasticsearch or OpenSearch, from where the last "
                  "run ended to the end of each topic. Stores each event id once.",
                  "kafka-to-elasticsearch --brokers localhost:9092 "
                  "--elasticsearch-url http://localhost:9200",
                  DrainParts);
  DrainOptions options;
  options.AddTo(command.flags());
  ElasticsearchFlags flags;
  flags.AddTo(command.flags());

  return command.Main(argc, argv, [&](Run& run) {
    const RestServer server = ReadElasticsearchServer(flags, run.options.allow_http, run.log);
    const std::string prefix = ReadIndexPrefix(flags);
    Drain drain(run, options);

    RestClient client(server, run);
    const std::string folder = InstalledPath("elasticsearch");
    IndexSetup(client, folder, prefix, options.topics).ApplyMissing();
    ElasticsearchStore store(server, prefix, folder, options, run);
    drain.Into(store);
  });
}
