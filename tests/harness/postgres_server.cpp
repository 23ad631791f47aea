#include "postgres_server.h"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "kafka_cluster.h"

namespace steamflow::test {
// A shell beside the server waits for the end of its input.
OwnPostgres::OwnPostgres(const std::string& versions)
    : process_({"/bin/bash", "-c",
                "trap : TERM; [ -z \"$2\" ] || export STEAMFLOW_TEST_VERSIONS=\"$2\"; \"$0\" start "
                "\"$1\"; read -r _; \"$0\" stop \"$1\"; rm -rf \"$1\"",
                POSTGRES_SERVICE,
                std::filesystem::temp_directory_path() / UniqueTopic("steamflow-postgres"),
                versions}),
      address_(process_.ReadLine()) {
  if (address_.empty()) throw std::runtime_error("PostgreSQL does not start");
}

const std::string& RealPostgres() {
  static const std::string given = [] {
    const char* address = std::getenv("STEAMFLOW_TEST_POSTGRES");
    return std::string(address ? address : "");
  }();
  if (!given.empty()) return given;
  static const OwnPostgres own;
  return own.address();
}

PostgresSession::PostgresSession(const std::string& database, const std::string& server)
    : connection_(PQconnectdb(("postgresql://steamflow:steamflow@" + server + "/" + database +
                               "?options=-c%20search_path%3Dsteamflow")
                                  .c_str())) {
  if (PQstatus(connection_.get()) != CONNECTION_OK) {
    throw std::runtime_error(PQerrorMessage(connection_.get()));
  }
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
}

std::vector<std::vector<std::string>> PostgresSession::Rows(const std::string& sql) {
  const std::unique_ptr<PGresult, void (*)(PGresult*)> result(
      PQexec(connection_.get(), sql.c_str()), &PQclear);
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    throw std::runtime_error(sql + ": " + PQerrorMessage(connection_.get()));
  }
  std::vector<std::vector<std::string>> rows;
  for (int i = 0; i < PQntuples(result.get()); ++i) {
    auto& row = rows.emplace_back();
    for (int j = 0; j < PQnfields(result.get()); ++j) {
      row.emplace_back(PQgetisnull(result.get(), i, j) ? "NULL" : PQgetvalue(result.get(), i, j));
    }
  }
  return rows;
}

std::string PostgresSession::Value(const std::string& sql) {
  const auto rows = Rows(sql);
  if (rows.empty()) throw std::runtime_error("there is no row: " + sql);
  return rows[0][0];
}

PostgresDatabase::PostgresDatabase() : name_(UniqueTopic("test")) {
  PostgresSession("postgres").Execute("CREATE DATABASE \"" + name_ + "\"");
  session_ = std::make_unique<PostgresSession>(name_);
}

PostgresDatabase::~PostgresDatabase() {
  session_.reset();
  PostgresSession("postgres").Execute("DROP DATABASE \"" + name_ + "\" WITH (FORCE)");
}

std::string PostgresDatabase::Uri(const std::string& user, const std::string& password,
                                  const std::string& port) const {
  const std::string& address = RealPostgres();
  return "postgres://" + user + ":" + password + "@" +
         (port.empty() ? address : address.substr(0, address.find(':') + 1) + port) + "/" + name_;
}

}  // namespace steamflow::test
