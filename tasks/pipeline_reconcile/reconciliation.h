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

// A window of Kafka's timestamps, without `until` itself.
struct Window {
  Instant since;
  Instant until;
};

// Compares the records that Kafka acknowledged to runs with the records that Kafka holds, and these
// with the records that the stores hold. Throws TaskError as KafkaReader, TopicScan and the stores
// do.
class Reconciliation {
 public:
  struct Store {
    // The store itself, queried in batches of records.
    std::unique_ptr<StoreAudit> audit;
    StoreAudit::Offsets offsets;    // read before everything else, so that no later record is due
    std::set<std::string> letters;  // <topic>/<partition>/<offset> of its sink's dead letters
  };
  // The number of acknowledged records of a topic, by run id.
  using Runs = std::map<std::string, std::uint64_t>;

  // Reads the stores' offsets and the dead letters. `stop` must outlive this object.
  Reconciliation(KafkaProperties kafka, const std::vector<std::string>& topics,
                 const Window& window, std::vector<std::unique_ptr<StoreAudit>> audits,
                 const std::vector<Acknowledged>& acknowledged, const Stop& stop);

  // Compares one topic. Memory does not grow with the topic: a long topic is read several times,
  // and each time for another part of its event ids.
  TopicComparison Compare(const std::string& topic);

 private:
  // Reads the topic of dead letters once, and sorts the letters by the sink that wrote them.
  void ReadDeadLetters();

  // Each scan of a topic makes its own connection with these.
  const KafkaProperties kafka_;
  const Window window_;
  const Stop& stop_;
  // In the order of the reports. A record is looked up only in the stores whose sink has passed it.
  std::vector<Store> stores_;
  // A run without an id is kept under an empty id.
  std::map<std::string, Runs> runs_;  // by topic
};

}  // namespace steamflow
