// Moves records from Kafka into PostgreSQL, each event id once.

#include "command.h"
#include "drain.h"
#include "postgres_store.h"

namespace {
using namespace steamflow;
}

int main(int argc, char** argv) {
  Command command("kafka-to-postgres",
                  "Moves records from Kafka into PostgreSQL, from where the last run ended to the "
                  "end of each topic. Stores each event id once. Creates and migrates its tables.",
                  "kafka-to-postgres --brokers localhost:9092 --postgres-url "
                  "postgres://steamflow@localhost/steamflow --topic steam_news",
                  DrainParts);
  DrainOptions drain_options;
  drain_options.AddTo(command.flags());
  PostgresStoreOptions store_options;
  store_options.AddTo(command.flags());

  return command.Main(argc, argv, [&](Run& run) {
    // Everything is checked before the first packet is sent.
    Drain drain(run, drain_options);
    const auto parameters = ReadPostgresParameters(store_options.postgres, run.log);

    PostgresStore store(store_options, parameters, run.stop);
    drain.Into(store);
    store.DropOldMonths();
  });
}
