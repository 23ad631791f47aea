#include "postgres_client.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "detached_call.h"

namespace steamflow {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongestPoll(1000);
constexpr milliseconds kReserve(200);     // for the server's response to arrive
constexpr milliseconds kForCommit(2000);  // after the deadline; the process ends 5 s after it
constexpr int kFirstWithConnectionCheck = 140000;

struct ConnectionDeleter {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct ResultDeleter {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Handle = std::unique_ptr<PGconn, ConnectionDeleter>;
using Result = std::unique_ptr<PGresult, ResultDeleter>;

// Returns the host and port in the parameters, as far as they name them.
std::string AddressIn(const PostgresParameters& parameters) {
  std::string host;
  std::string port;
  for (const auto& [name, value] : parameters) {
    if (name == "host" || (name == "hostaddr" && host.empty())) host = value;
    if (name == "port") port = ":" + value;
  }
  return host + port;
}

// Returns a connection, which is in a failed state if it could not be made. Also looks up host
// names, which cannot be interrupted; so this runs detached (see CallDetached).
Handle MakeConnection(const PostgresParameters& parameters) {
  std::vector<const char*> names{"fallback_application_name"};
  std::vector<const char*> values{"steamflow"};
  for (const auto& [name, value] : parameters) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.insert(names.end(), {"client_encoding", nullptr});
  values.insert(values.end(), {"UTF8", nullptr});
  Handle handle(PQconnectStartParams(names.data(), values.data(), 0));
  if (!handle) throw std::bad_alloc();
  PQsetNoticeProcessor(
      handle.get(), [](void*, const char*) {}, nullptr);
  PQsetErrorVerbosity(handle.get(), PQERRORS_VERBOSE);
  auto state = PGRES_POLLING_WRITING;
  if (PQstatus(handle.get()) == CONNECTION_BAD) state = PGRES_POLLING_FAILED;
  while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
    const short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    pollfd socket{.fd = PQsocket(handle.get()), .events = events, .revents = 0};
    ::poll(&socket, 1, -1);
    state = PQconnectPoll(handle.get());
  }
  return handle;
}

}  // namespace

class PostgresClient::Impl {
 public:
  Impl(const PostgresParameters& parameters, const std::string& schema, const Stop& stop)
      : stop_(stop) {
    Connect(parameters);
    PQsetErrorVerbosity(handle_.get(), PQERRORS_DEFAULT);
    PQsetnonblocking(handle_.get(), 1);
    CheckEncoding();
    schema_ = Quote(schema);
  }

  std::vector<Row> Execute(const std::string& sql, const std::vector<Value>& parameters) {
    Send(sql, parameters);
    Flush();
    return Finish();
  }

  void Copy(const std::string& sql, const std::function<std::string_view()>& next) {
    Send(sql, {});
    Flush();
    AwaitResponse();
    const Result ready(PQgetResult(handle_.get()));
    if (PQresultStatus(ready.get()) != PGRES_COPY_IN) {
      const PostgresError error = ErrorOf(ready.get());
      Finish();
      throw error;
    }
    for (auto piece = next(); !piece.empty(); piece = next()) {
      if (PQputCopyData(handle_.get(), piece.data(), static_cast<int>(piece.size())) < 0) break;
      Flush();
    }
    PQputCopyEnd(handle_.get(), nullptr);
    Flush();
    Finish();
  }

  void Begin() {
    const auto timeout = std::max(stop_.TimeLeft() - kReserve, milliseconds(1));
    // Does not depend on the database's defaults. READ COMMITTED lets a statement see what other
    // transactions committed while an earlier statement waited for a lock. IMMEDIATE makes deferred
    // triggers run before the next statement.
    std::string statements = fmt::format(
        "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = {0};"
        " SET CONSTRAINTS ALL IMMEDIATE;"
        " SET LOCAL idle_in_transaction_session_timeout = {0};"
        " SET LOCAL search_path TO {1}, pg_temp",
        timeout.count(), schema_);
    // Makes the server end the session soon after its client has disconnected, even while it waits
    // for a lock.
    if (PQserverVersion(handle_.get()) >= kFirstWithConnectionCheck) {
      statements += "; SET LOCAL client_connection_check_interval = '1s'";
    }
    Execute(statements, {});
  }

  void RollBack() {
    const auto status = PQtransactionStatus(handle_.get());
    if (status != PQTRANS_INTRANS && status != PQTRANS_INERROR) return;
    try {
      Execute("ROLLBACK", {});
    } catch (const TaskError&) {  // the session is lost, which ends the transaction as well
    }
  }

  bool Transaction(const std::function<bool()>& body) {
    if (PQtransactionStatus(handle_.get()) == PQTRANS_IDLE) Begin();
    bool is_good = false;
    try {
      is_good = body();
    } catch (const TaskError&) {
      RollBack();
      throw;
    }
    is_ending_ = is_good;
    Execute(is_good ? "COMMIT" : "ROLLBACK", {});
    is_ending_ = false;
    return is_good;
  }

  std::string Quote(const std::string& name) const {
    char* quoted = PQescapeIdentifier(handle_.get(), name.data(), name.size());
    if (!quoted) throw TaskError(ExitCode::kConfig, fmt::format("'{}' is not a valid name", name));
    const std::string out = quoted;
    PQfreemem(quoted);
    return out;
  }
  std::string Table(const std::string& name) const { return schema_ + "." + Quote(name); }

 private:
  void Connect(const PostgresParameters& parameters) {
    auto handle = CallDetached<Handle>([parameters] { return MakeConnection(parameters); }, stop_,
                                       stop_.finish_by());
    if (!handle) {
      stop_.ThrowIfSignalled();
      throw PostgresError(
          ExitCode::kTransient,
          fmt::format("connecting to PostgreSQL at {}: no response in time", AddressIn(parameters)),
          "");
    }
    handle_ = *std::move(handle);
    if (PQstatus(handle_.get()) != CONNECTION_OK) throw PostgresConnectionError(handle_.get());
  }

  // In any other encoding the server would refuse every record with a character that it lacks.
  void CheckEncoding() const {
    const char* encoding = PQparameterStatus(handle_.get(), "server_encoding");
    if (!encoding || std::string_view(encoding) == "UTF8") return;
    throw TaskError(ExitCode::kConfig,
                    fmt::format("the database {} has the encoding {}: create it with UTF8",
                                PQdb(handle_.get()), encoding));
  }

  // A COMMIT gets some time after the deadline, because it cannot be taken back.
  milliseconds TimeLeft() const {
    if (!is_ending_ || stop_.Signal() != 0) return stop_.TimeLeft();
    return std::chrono::ceil<milliseconds>(stop_.deadline() + kForCommit - Clock::now());
  }

  // Waits until the socket can be read or written.
  void AwaitSocket(short events) {
    std::array<pollfd, 2> files{{{PQsocket(handle_.get()), events, 0}, {stop_.fd(), POLLIN, 0}}};
    for (;;) {
      const auto left = TimeLeft();
      if (left.count() <= 0) {
        stop_.ThrowIfSignalled();
        throw PostgresError(ExitCode::kTransient, "waiting for PostgreSQL: no response in time",
                            "");
      }
      const auto wait = static_cast<int>(std::min(left, kLongestPoll).count());
      const int ready = ::poll(files.data(), files.size(), wait);
      if (ready < 0 && errno != EINTR) {
        throw PostgresError(ExitCode::kInternal,
                            fmt::format("waiting for PostgreSQL: {}", std::strerror(errno)), "");
      }
      if (ready > 0 && files[0].revents != 0) return;
      stop_.Signal();  // reads a signal from the descriptor, which shortens the time left
    }
  }

  void Send(const std::string& sql, const std::vector<Value>& parameters) {
    std::vector<const char*> values;
    for (const Value& value : parameters) values.push_back(value ? value->c_str() : nullptr);
    const int sent =
        parameters.empty()
            ? PQsendQuery(handle_.get(), sql.c_str())
            : PQsendQueryParams(handle_.get(), sql.c_str(), static_cast<int>(values.size()),
                                nullptr, values.data(), nullptr, nullptr, 0);
    if (!sent) throw ErrorOf(nullptr);
  }

  // Sends what is buffered, and reads at the same time: a server that cannot send its responses
  // stops reading.
  void Flush() {
    for (;;) {
      const int left = PQflush(handle_.get());
      if (left == 0) return;
      if (left < 0) throw ErrorOf(nullptr);
      AwaitSocket(POLLIN | POLLOUT);
      if (!PQconsumeInput(handle_.get())) throw ErrorOf(nullptr);
    }
  }

  void AwaitResponse() {
    while (PQisBusy(handle_.get())) {
      AwaitSocket(POLLIN);
      if (!PQconsumeInput(handle_.get())) throw ErrorOf(nullptr);
    }
  }

  // Reads all responses. Returns the rows of the last one, or throws the first error.
  std::vector<Row> Finish() {
    std::vector<Row> rows;
    std::optional<PostgresError> error;
    for (;;) {
      AwaitResponse();
      const Result result(PQgetResult(handle_.get()));
      if (!result) break;
      const auto status = PQresultStatus(result.get());
      if (status == PGRES_TUPLES_OK) rows = RowsOf(result.get());
      if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && !error) {
        error.emplace(ErrorOf(result.get()));
      }
    }
    if (error) throw *error;
    return rows;
  }

  static std::vector<Row> RowsOf(const PGresult* result) {
    std::vector<Row> rows(static_cast<std::size_t>(PQntuples(result)));
    for (int i = 0; i < PQntuples(result); ++i) {
      for (int j = 0; j < PQnfields(result); ++j) {
        Value value;
        if (!PQgetisnull(result, i, j)) value = PQgetvalue(result, i, j);
        rows[static_cast<std::size_t>(i)].push_back(std::move(value));
      }
    }
    return rows;
  }

  PostgresError ErrorOf(const PGresult* result) const {
    return PostgresResponseError(handle_.get(), result);
  }

  const Stop& stop_;
  Handle handle_;
  std::string schema_;      // quoted
  bool is_ending_ = false;  // COMMIT was sent
};

PostgresClient::PostgresClient(const PostgresParameters& parameters, const std::string& schema,
                               const Stop& stop)
    : impl_(std::make_unique<Impl>(parameters, schema, stop)) {}
PostgresClient::~PostgresClient() = default;

std::vector<PostgresClient::Row> PostgresClient::Execute(const std::string& sql,
                                                         const std::vector<Value>& parameters) {
  return impl_->Execute(sql, parameters);
}
void PostgresClient::Copy(const std::string& sql, const std::function<std::string_view()>& next) {
  impl_->Copy(sql, next);
}
void PostgresClient::Begin() {
  impl_->Begin();
}
void PostgresClient::RollBack() {
  impl_->RollBack();
}
bool PostgresClient::Transaction(const std::function<bool()>& body) {
  return impl_->Transaction(body);
}
std::string PostgresClient::Quote(const std::string& name) const {
  return impl_->Quote(name);
}
std::string PostgresClient::Table(const std::string& name) const {
  return impl_->Table(name);
}

std::string PostgresArray(const std::vector<PostgresClient::Value>& elements) {
  std::string array = "{";
  for (const PostgresClient::Value& element : elements) {
    if (array.size() > 1) array += ',';
    if (!element) {
      array += "NULL";
      continue;
    }
    array += '"';
    for (const char c : *element) {
      if (c == '"' || c == '\\') array += '\\';
      array += c;
    }
    array += '"';
  }
  return array + "}";
}

}  // namespace steamflow
