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

  // Add() and IsFull() need no connection. Stage() may run while the previous batch is being
  // stored, because each batch has its own session.
  void Add(const ConsumedRecord& record) override;
  bool IsFull() const override;
  void Stage() override;
  std::optional<Stored> Store(const std::vector<PositionMove>& moves,
                              BatchDeadLetters& letters) override;
  void Clear() override;

 private:
  // Opens the session unless there is one. Also replaces one that IsCommitted() has closed.
  void Connect();
  // One attempt of Store(), which repeats it after a deadlock.
  std::optional<Stored> StoreOnce(const std::vector<PositionMove>& moves,
                                  BatchDeadLetters& letters);
  // Moves the positions by compare-and-set, and learns the id of the transaction. Returns false if
  // another sink has moved one of them.
  bool MovePositions(const std::vector<PositionMove>& moves);
  // Throws TaskError (kConfig) if a trigger or a rule has changed the positions.
  void ReadPositionsBack();
  // Returns what became of the transaction after a COMMIT without a clear answer; nullopt if
  // unknown.
  std::optional<bool> IsCommitted();
  // Creates the missing partitions of records for the months of this batch.
  void AddMonths();
  // Copies and moves rows after staging has failed because of a value. Sends the rows that the
  // server cannot copy to `letters`.
  std::uint64_t StoreRows(const PostgresRows& rows, std::size_t first, std::size_t last,
                          BatchDeadLetters& letters);
  // Creates the staging table of a kind and copies the rows into it.
  void Copy(const PostgresRows& rows, std::size_t first, std::size_t last);
  // Moves the rows from the staging table to their tables. Throws TaskError (kConfig) if some of
  // them were not stored unchanged.
  std::uint64_t Move(const PostgresRows& rows, std::size_t count);
  // Executes a statement so that every error names the table.
  std::vector<PostgresClient::Row> ExecuteOn(
      const std::string& table, const std::string& sql,
      const std::vector<PostgresClient::Value>& parameters = {});

  const PostgresParameters& parameters_;
  const std::string schema_;
  const Stop& stop_;
  // Opened when there is something to store for the first time, and kept for the next batches.
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
