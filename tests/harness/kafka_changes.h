#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kafka_cluster.h"

// Changes that may be made to a topic between two runs. All functions throw std::runtime_error.
namespace steamflow::test {

// These functions wait until the change is visible.
void AddPartitions(const std::string& brokers, const std::string& topic, int total);
void DeleteRecords(const std::string& brokers, const std::string& topic, int partition,
                   std::int64_t before);
void DeleteTopic(const std::string& brokers, const std::string& topic);

// Returns the ID of the broker that leads a partition, or -1 if there is no leader.
int LeaderOf(const std::string& brokers, const std::string& topic, int partition);

// Allows the user guest an operation (READ, WRITE, DESCRIBE) on a topic or a consumer group.
void Allow(const std::string& brokers, rd_kafka_ResourceType_t type, const std::string& name,
           rd_kafka_AclOperation_t operation);

// Deletes a consumer group, as brokers do when its retention has expired.
void DeleteGroup(const std::string& brokers, const std::string& group);

// Returns the committed offset of a group for each partition, or -1 for a partition without one.
std::vector<std::int64_t> GroupOffsets(const std::string& brokers, const std::string& group,
                                       const std::string& topic, int partitions);

// Writes messages (with partitions) in a transaction, calls `while_open`, and then commits or
// aborts the transaction.
void WriteTransaction(const std::string& brokers, const std::string& topic,
                      const std::vector<NewMessage>& messages, bool commits,
                      const std::function<void()>& while_open = {});

}  // namespace steamflow::test
