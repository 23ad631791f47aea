#pragma once

#include <libpq-fe.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "child_process.h"
#include "program.h"

namespace steamflow::test {

// A real PostgreSQL that only this test uses. It ends with the process of the test, even if it is
// killed.
class OwnPostgres {
 public:
  // `versions` has the format of STEAMFLOW_TEST_VERSIONS. If it is empty, the environment variable
  // is used.
  explicit OwnPostgres(const std::string& versions = "");

  const std::string& address() const { return address_; }

 private:
  standin::ChildProcess process_;
  const std::string address_;
};

// Returns the address of a real PostgreSQL: STEAMFLOW_TEST_POSTGRES, or one that this test binary
// starts on the first call and stops when it ends.
const std::string& RealPostgres();

// A connection for the test itself. Throws std::runtime_error for every error.
class PostgresSession {
 public:
  // Opens a session of the superuser.
  explicit PostgresSession(const std::string& database, const std::string& server = RealPostgres());

  // Returns the rows of the last statement as text. NULL is "NULL".
  std::vector<std::vector<std::string>> Rows(const std::string& sql);
  // Returns the first column of the first row.
  std::string Value(const std::string& sql);
  void Execute(const std::string& sql) { Rows(sql); }

 private:
  struct Deleter {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  std::unique_ptr<PGconn, Deleter> connection_;
};

// A database that only this test uses. The destructor drops it.
class PostgresDatabase {
 public:
  PostgresDatabase();
  ~PostgresDatabase();
  PostgresDatabase(const PostgresDatabase&) = delete;
  PostgresDatabase& operator=(const PostgresDatabase&) = delete;

  const std::string& name() const { return name_; }
  // Returns the URI as Airflow stores it. If the port is "", it is the server's port.
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
