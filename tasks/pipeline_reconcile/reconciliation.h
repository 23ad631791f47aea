#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "acknowledged_counts.h"
#include "kafka_config.h"
#include "report.h"
#include "stop.h"
#include "store_audit.h"
#include "timestamp.h"

namespace steamflow {

// Times of Kafka's; `until` is not included.
struct Window {
  Instant since;
  Instant until;
};

// Compares what runs had acknowledged with what Kafka holds, and what Kafka holds with what the
// stores do. Throws TaskError as KafkaReader, TopicScan and the stores do.
class Reconciliation {
 public:
  struct Store {
    std::unique_ptr<StoreAudit> audit;
    StoreAudit::Offsets offsets;    // as they were before anything else was looked at
    std::set<std::string> letters;  // <topic>/<partition>/<offset> of its sink's dead letters
  };
  // How much the runs of a topic had acknowledged, by run id.
  using Runs = std::map<std::string, std::uint64_t>;

  // Reads the stores' offsets and the dead letters. `stop` must outlive this.
  Reconciliation(KafkaProperties kafka, const std::vector<std::string>& topics,
                 const Window& window, std::vector<std::unique_ptr<StoreAudit>> audits,
                 const std::vector<Acknowledged>& acknowledged, const Stop& stop);

  // Memory does not grow with the topic: a long one is read several times, a part of its event ids
  // each time.
  TopicComparison Compare(const std::string& topic);

 private:
  void ReadDeadLetters();

  const KafkaProperties kafka_;
  const Window window_;
  const Stop& stop_;
  std::vector<Store> stores_;
  std::map<std::string, Runs> runs_;  // by topic
};

}  // namespace steamflow
