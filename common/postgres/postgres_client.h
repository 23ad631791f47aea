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

// A session, over libpq. Calls wait, but not past the end of the run; the server is told how long
// that is, so that it does not go on without us. Nothing that it sets outlasts a transaction, so it
// works through a pool that changes the server's session with each of them (PgBouncer). For one
// thread at a time. Throws PostgresError.
class PostgresClient {
 public:
  using Value = std::optional<std::string>;  // nothing = NULL
  using Row = std::vector<Value>;

  // Connects; `schema` is where transactions find the names. `stop` must outlive this. Throws
  // TaskError (kConfig) too, where the database cannot hold all of Unicode.
  PostgresClient(const PostgresParameters& parameters, const std::string& schema, const Stop& stop);
  ~PostgresClient();
  PostgresClient(const PostgresClient&) = delete;
  PostgresClient& operator=(const PostgresClient&) = delete;

  // One statement with parameters $1, $2 ..., or several without. Returns the rows of the last.
  std::vector<Row> Execute(const std::string& sql, const std::vector<Value>& parameters = {});

  // COPY ... FROM STDIN, with what `next` returns, piece by piece, until that is empty.
  void Copy(const std::string& sql, const std::function<std::string_view()>& next);

  // Begins a transaction ahead of the call of Transaction that is to end it.
  void Begin();
  // Ends what Begin has begun, for nothing.
  void RollBack();
  // Calls `body` between BEGIN and COMMIT; ROLLBACK where it throws or returns false. Returns what
  // it returned. The response to COMMIT is awaited for 2 s after the deadline too; what throws
  // after `body` has returned true, was thrown by COMMIT.
  bool Transaction(const std::function<bool()>& body);

  // A name as SQL has it, in quotes; and that of a table of the schema, for statements outside of
  // transactions.
  std::string Quote(const std::string& name) const;
  std::string Table(const std::string& name) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// An array of texts or numbers as a parameter: {"a",NULL}.
std::string PostgresArray(const std::vector<PostgresClient::Value>& elements);

}  // namespace steamflow
