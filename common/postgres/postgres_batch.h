#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "postgres_client.h"
#include "postgres_rows.h"
#include "sink_store.h"

namespace steamflow {

// A batch on its way into the tables of postgres_schema.cpp: each event id once, the positions in
// the same transaction. It has a session of its own, so that its rows are copied to the server
// while those of the batch before it move into the tables.
class PostgresBatch : public SinkBatch {
 public:
  // Connects when there is something to store. `parameters` and `stop` must outlive this.
  PostgresBatch(const PostgresParameters& parameters, const std::string& schema, const Stop& stop);

  void Add(const ConsumedRecord& record) override;
  bool IsFull() const override;
  void Stage() override;
  std::optional<Stored> Store(const std::vector<PositionMove>& moves,
                              BatchDeadLetters& letters) override;
  void Clear() override;

 private:
  void Connect();
  std::optional<Stored> StoreOnce(const std::vector<PositionMove>& moves,
                                  BatchDeadLetters& letters);
  bool MovePositions(const std::vector<PositionMove>& moves);
  void ReadPositionsBack();
  std::optional<bool> IsCommitted();
  void AddMonths();
  std::uint64_t StoreRows(const PostgresRows& rows, std::size_t first, std::size_t last,
                          BatchDeadLetters& letters);
  void Copy(const PostgresRows& rows, std::size_t first, std::size_t last);
  std::uint64_t Move(const PostgresRows& rows, std::size_t count);
  std::vector<PostgresClient::Row> ExecuteOn(
      const std::string& table, const std::string& sql,
      const std::vector<PostgresClient::Value>& parameters = {});

  const PostgresParameters& parameters_;
  const std::string schema_;
  const Stop& stop_;
  std::optional<PostgresClient> client_;
  std::vector<PostgresRows> rows_;
  std::set<std::chrono::year_month_day> months_;  // their first days
  Instant last_id_time_{};                        // whose month is among them
  bool is_staged_ = false;                        // in a transaction that has begun
  std::vector<PostgresClient::Value> moves_;      // as statements about the offsets take them
  std::string transaction_;                       // the id of the one that moves the offsets
  bool is_plain_ = false;                         // PostgresIsPlain, in that transaction
  std::optional<TaskError> staging_error_;
};

}  // namespace steamflow
