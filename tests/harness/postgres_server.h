#pragma once

#include <libpq-fe.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "child_process.h"
#include "program.h"

namespace steamflow::test {

// A real PostgreSQL of the test's own. Ends with its process even when that is killed.
class OwnPostgres {
 public:
  // `versions` as STEAMFLOW_TEST_VERSIONS has them; empty: those of the environment.
  explicit OwnPostgres(const std::string& versions = "");

  const std::string& address() const { return address_; }

 private:
  standin::ChildProcess process_;
  const std::string address_;
};

// The address of a real PostgreSQL: STEAMFLOW_TEST_POSTGRES, or else one that this test binary
// starts at the first call and stops at its end.
const std::string& RealPostgres();

// A connection of the test's own. Throws std::runtime_error for every error.
class PostgresSession {
 public:
  // A session of the superuser.
  explicit PostgresSession(const std::string& database, const std::string& server = RealPostgres());

  // The rows of the last statement, as text; NULL is "NULL".
  std::vector<std::vector<std::string>> Rows(const std::string& sql);
  // The first column of the first row.
  std::string Value(const std::string& sql);
  void Execute(const std::string& sql) { Rows(sql); }

 private:
  struct Deleter {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  std::unique_ptr<PGconn, Deleter> connection_;
};

// A database of this test's own, dropped at its end.
class PostgresDatabase {
 public:
  PostgresDatabase();
  ~PostgresDatabase();
  PostgresDatabase(const PostgresDatabase&) = delete;
  PostgresDatabase& operator=(const PostgresDatabase&) = delete;

  const std::string& name() const { return name_; }
  // As Airflow has it; "" = the port of the server.
  std::string Uri(const std::string& user = "steamflow", const std::string& password = "steamflow",
                  const std::string& port = "") const;
  PostgresSession& session() { return *session_; }

  std::string Value(const std::string& sql) { return session_->Value(sql); }
  void Execute(const std::string& sql) { session_->Execute(sql); }

 private:
  const std::string name_;
  std::unique_ptr<PostgresSession> session_;
};

}  // namespace steamflow::test
