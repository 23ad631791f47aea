#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "postgres_config.h"
#include "postgres_error.h"
#include "stop.h"

namespace steamflow {

// A session with PostgreSQL, over libpq. Calls wait, but not past the end of the run. The server
// gets the same time limit, so that it does not continue after the run has ended. No setting
// outlasts a transaction, so the client also works through a pool that assigns a server session to
// each transaction (PgBouncer). Not thread-safe: only one thread may use it at a time. The
// functions throw PostgresError.
class PostgresClient {
 public:
  using Value = std::optional<std::string>;  // nullopt is NULL
  using Row = std::vector<Value>;

  // Connects. Transactions look up unqualified names in `schema`. `stop` must outlive this object.
  // Throws PostgresError, and TaskError (kConfig) if the database cannot store all of Unicode.
  PostgresClient(const PostgresParameters& parameters, const std::string& schema, const Stop& stop);
  ~PostgresClient();
  PostgresClient(const PostgresClient&) = delete;
  PostgresClient& operator=(const PostgresClient&) = delete;

  // Executes one statement with parameters $1, $2 ..., or several statements without parameters.
  // Returns the rows of the last one.
  std::vector<Row> Execute(const std::string& sql, const std::vector<Value>& parameters = {});

  // Executes COPY ... FROM STDIN. Calls `next` for the data, piece by piece, until it returns an
  // empty piece.
  void Copy(const std::string& sql, const std::function<std::string_view()>& next);

  // Begins a transaction before the call of Transaction that will end it.
  void Begin();
  // Rolls back a transaction that Begin has begun. Does nothing if there is none, and does not
  // throw.
  void RollBack();
  // Calls `body` between BEGIN and COMMIT, and returns what it returns. Rolls back if `body` throws
  // or returns false. Waits for the response to COMMIT until 2 s after the deadline, because a
  // COMMIT cannot be taken back. An exception after `body` has returned true comes from COMMIT.
  bool Transaction(const std::function<bool()>& body);

  // Returns a name as a quoted SQL identifier.
  std::string Quote(const std::string& name) const;
  // Returns the quoted name of a table with its schema, for statements outside of a transaction.
  std::string Table(const std::string& name) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Returns an array of texts or numbers in PostgreSQL's text form, {"a",NULL}, for use as a
// parameter.
std::string PostgresArray(const std::vector<PostgresClient::Value>& elements);

}  // namespace steamflow
