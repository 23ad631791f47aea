#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "postgres_client.h"
#include "postgres_rows.h"
#include "sink_store.h"

namespace steamflow {

// Stores a batch in the tables of postgres_schema.cpp, each event id once and the positions in the
// same transaction. Each batch has its own session, so that the rows of one batch are copied to the
// server while those of the previous batch are moved into the tables.
class PostgresBatch : public SinkBatch {
 public:
  // Does not connect before there is something to store. `parameters` and `stop` must outlive this
  // object.
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
  std::set<std::chrono::year_month_day> months_;  // the first days of the months that are needed
  Instant last_id_time_{};                        // its month is already in months_
  bool is_staged_ = false;                        // the rows are copied, in a transaction under way
  std::vector<PostgresClient::Value> moves_;      // the parameters of PostgresMoveStatement
  std::string transaction_;                 // the id of the transaction that moves the offsets
  bool is_plain_ = false;                   // the result of PostgresIsPlain in it
  std::optional<TaskError> staging_error_;  // what Stage failed with, for Store to throw
};

}  // namespace steamflow
