#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kafka_cluster.h"

// What may happen to a topic between two runs. All throw std::runtime_error.
namespace steamflow::test {

// They wait until it is so.
void AddPartitions(const std::string& brokers, const std::string& topic, int total);
void DeleteRecords(const std::string& brokers, const std::string& topic, int partition,
                   std::int64_t before);
void DeleteTopic(const std::string& brokers, const std::string& topic);

// The id of the broker that leads a partition; -1 where none does.
int LeaderOf(const std::string& brokers, const std::string& topic, int partition);

// Lets the user guest do that (READ, WRITE, DESCRIBE) to a topic or a consumer group.
void Allow(const std::string& brokers, rd_kafka_ResourceType_t type, const std::string& name,
           rd_kafka_AclOperation_t operation);

// Forgets a consumer group, as brokers do once retention has passed.
void DeleteGroup(const std::string& brokers, const std::string& group);

// The offset that a group has committed of each partition; -1 where it has none.
std::vector<std::int64_t> GroupOffsets(const std::string& brokers, const std::string& group,
                                       const std::string& topic, int partitions);

// Messages (with partitions) in a transaction that is committed or aborted, after `while_open`.
void WriteTransaction(const std::string& brokers, const std::string& topic,
                      const std::vector<NewMessage>& messages, bool commits,
                      const std::function<void()>& while_open = {});

}  // namespace steamflow::test
