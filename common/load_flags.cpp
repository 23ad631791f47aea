#include "load_flags.h"

#include <CLI/CLI.hpp>

namespace steamflow {

void LoadFlags::AddTo(CLI::App& app) {
  const std::string group = "Load";
  app.add_option("--topic", topic, "Kafka topic")->capture_default_str()->group(group);
  app.add_option("--from", from, "Topic whose first records are copied")
      ->capture_default_str()
      ->group(group);
  app.add_option("--from-file", file,
                 "Copy the records of this file instead: lines as --sink file:PATH writes them")
      ->group(group);
  app.add_option("--sample", sample, "Records to copy, at most, and at most 16 MiB of them")
      ->check(CLI::Range(std::size_t{1}, std::size_t{100'000}))
      ->capture_default_str()
      ->group(group);
  app.add_option("--factor", factor, "Copies of each record")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}))
      ->capture_default_str()
      ->group(group);
  app.add_option("--rate", rate, "Records a second [default: as many as Kafka takes]")
      ->check(CLI::Range(0.001, 1e9))
      ->group(group);
  app.add_option("--broker-free-bytes", broker_free_bytes,
                 "Free disk space of the broker that has the least, which Kafka does not tell")
      ->group(group);
  app.add_flag("--strict", strict, "Refuse what would else be a warning")->group(group);
}

}  // namespace steamflow
