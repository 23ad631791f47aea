#include "postgres_batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "postgres_read_back.h"
#include "postgres_statements.h"
#include "record_fields.h"

namespace steamflow {
namespace {

using Value = PostgresClient::Value;

constexpr std::size_t kMostRows = 10'000;  // in a batch; larger ones are slower
constexpr std::size_t kMostBytes = 8U << 20U;
constexpr std::size_t kPiece = 64U << 10U;  // bytes that COPY sends at a time
constexpr int kMostAttempts = 5;            // for a transaction that ends in a deadlock
constexpr std::chrono::milliseconds kStatusInterval(50);  // between two queries of txid_status

constexpr std::array kKinds{RecordKind::kOther, RecordKind::kPlayerCount, RecordKind::kRecentGame,
                            RecordKind::kNews, RecordKind::kPlayer};

// Ends the run if rows were dropped or changed without an error. Our own statements and tables
// never do that, so the cause is something that somebody else added to the schema.
[[noreturn]] void RefuseLost(std::string_view table, std::string_view count) {
  throw TaskError(
      ExitCode::kConfig,
      fmt::format(
          "PostgreSQL accepted {} rows for the table {} without an error, but did not store them "
          "unchanged: a trigger, a rule, a policy or a column type of the table drops or changes "
          "rows",
          count, table));
}

}  // namespace

PostgresBatch::PostgresBatch(const PostgresParameters& parameters, const std::string& schema,
                             const Stop& stop)
    : parameters_(parameters), schema_(schema), stop_(stop) {
  for (const RecordKind kind : kKinds) rows_.emplace_back(kind);
}

void PostgresBatch::Add(const ConsumedRecord& record) {
  std::find_if(rows_.begin(), rows_.end(), [&](const PostgresRows& rows) {
    return rows.kind() == record.kind;
  })->Add(record);
  if (!record.id_time || *record.id_time == last_id_time_) return;
  last_id_time_ = *record.id_time;
  months_.insert(*MonthOf(record));
}

bool PostgresBatch::IsFull() const {
  std::size_t count = 0;
  std::size_t bytes = 0;
  for (const PostgresRows& rows : rows_) {
    count += rows.count();
    bytes += rows.bytes();
  }
  return count >= kMostRows || bytes >= kMostBytes;
}

void PostgresBatch::Stage() {
  const auto is_empty = [](const PostgresRows& rows) { return rows.count() == 0; };
  if (std::all_of(rows_.begin(), rows_.end(), is_empty)) return;
  try {
    Connect();
    client_->Begin();
    for (const PostgresRows& rows : rows_) {
      if (rows.count() > 0) Copy(rows, 0, rows.count());
    }
    is_staged_ = true;
  } catch (const PostgresError& error) {
    if (error.IsAboutValue()) return client_->RollBack();  // Store finds the row that causes it
    staging_error_ = error;
  } catch (const TaskError& error) {
    staging_error_ = error;
  }
}

std::optional<SinkBatch::Stored> PostgresBatch::Store(const std::vector<PositionMove>& moves,
                                                      BatchDeadLetters& letters) {
  if (staging_error_) throw *staging_error_;
  Connect();
  const std::size_t poison = letters.count();
  for (int attempt = 1;; ++attempt) {
    letters.Shorten(poison);
    try {
      return StoreOnce(moves, letters);
    } catch (const PostgresError& error) {
      is_staged_ = false;
      if (!error.IsDeadlock() || attempt == kMostAttempts) throw;
    }
  }
}

void PostgresBatch::Clear() {
  if (std::exchange(is_staged_, false)) client_->RollBack();
  staging_error_.reset();
  for (PostgresRows& rows : rows_) rows.Clear();
  months_.clear();
  last_id_time_ = {};
}

void PostgresBatch::Connect() {
  if (!client_) client_.emplace(parameters_, schema_, stop_);
}

// Stores everything in one transaction. The positions come first, because they show at once whether
// another sink was faster. The dead letters come last, when only COMMIT can still fail, so that
// they are rarely sent for a batch that is then rolled back.
std::optional<SinkBatch::Stored> PostgresBatch::StoreOnce(const std::vector<PositionMove>& moves,
                                                          BatchDeadLetters& letters) {
  Stored stored;
  bool is_ours = false;
  const auto store = [&] {
    if (!MovePositions(moves)) return false;
    AddMonths();
    for (const PostgresRows& rows : rows_) {
      if (rows.count() == 0) continue;
      // Several sinks may store versions of the same player at the same time; they have to take
      // turns.
      if (rows.kind() == RecordKind::kPlayer) {
        client_->Execute("SELECT pg_advisory_xact_lock('players'::regclass::oid::bigint)");
      }
      const std::size_t refused_before = letters.count();
      const std::uint64_t inserted =
          is_staged_ ? Move(rows, rows.count()) : StoreRows(rows, 0, rows.count(), letters);
      stored.inserted += inserted;
      stored.duplicates += rows.count() - (letters.count() - refused_before) - inserted;
    }
    if (!is_plain_) ReadPositionsBack();
    letters.Send();
    return is_ours = true;
  };
  try {
    client_->Transaction(store);
  } catch (const TaskError& error) {
    if (!is_ours) throw;
    const auto is_committed = IsCommitted();
    if (is_committed == false) throw;
    if (!is_committed) {
      throw UnknownOutcome(
          error.code(),
          fmt::format("{}: it is unknown whether the last batch was stored", error.what()));
    }
  }
  is_staged_ = false;
  if (!is_ours) return std::nullopt;
  return stored;
}

bool PostgresBatch::MovePositions(const std::vector<PositionMove>& moves) {
  std::array<std::vector<Value>, 10> columns;
  for (const PositionMove& move : moves) {
    columns[0].push_back(move.partition.topic);
    columns[1].push_back(fmt::to_string(move.partition.id));
    const auto add = [&](std::size_t first, const std::optional<SinkPosition>& position) {
      const auto& last = position ? position->last : std::nullopt;
      const auto number = [](const auto& of, std::int64_t value) {
        return of ? Value(fmt::to_string(value)) : std::nullopt;
      };
      columns[first].push_back(number(position, position ? position->offset : 0));
      columns[first + 1].push_back(number(last, last ? last->offset : 0));
      const auto timestamp = last ? last->timestamp_ms : std::nullopt;
      columns[first + 2].push_back(number(timestamp, timestamp.value_or(0)));
      columns[first + 3].push_back(last ? Value(last->event_id) : std::nullopt);
    };
    add(2, move.from);
    add(6, move.to);
  }
  moves_.clear();
  for (const auto& column : columns) moves_.emplace_back(PostgresArray(column));
  const auto moved = ExecuteOn("sink_offsets", PostgresMoveStatement(), moves_);
  transaction_ = moved[0][1].value();
  is_plain_ = moved[0][2] == "t";
  if (moved[0][0] == fmt::to_string(moves.size())) return true;
  // Either another sink has moved one of them, or something has dropped our update.
  const auto held = client_->Execute(PostgresHeldPositionsStatement(), moves_);
  if (held[0][0] != "0") RefuseLost("sink_offsets", *held[0][0]);
  return false;
}

// Checks the stored positions at the end of the transaction, when all triggers have run.
void PostgresBatch::ReadPositionsBack() {
  const auto lost = client_->Execute(PostgresLostPositionsStatement(), moves_);
  if (lost[0][0] != "0") RefuseLost("sink_offsets", *lost[0][0]);
}

// Asks the server what became of the transaction whose COMMIT got no response or an unexpected one.
// Uses a new session, because the old one may be lost. Returns nullopt if the server does not
// answer.
std::optional<bool> PostgresBatch::IsCommitted() {
  is_staged_ = false;
  client_.reset();
  try {
    for (Connect(); stop_.TimeLeft().count() > 0; stop_.WaitFor(kStatusInterval)) {
      const auto rows = client_->Execute("SELECT txid_status($1)", {transaction_});
      const auto& status = rows[0][0];
      if (status && *status != "in progress") return *status == "committed";
    }
  } catch (const TaskError&) {
  }
  return std::nullopt;
}

// Creates the partitions of the batch's months. The lock keeps other sinks from dropping one of
// them before this transaction ends.
void PostgresBatch::AddMonths() {
  if (months_.empty()) return;
  std::string statements = "LOCK TABLE records IN ROW EXCLUSIVE MODE";
  for (const auto& month : months_) {
    statements += fmt::format("; SELECT add_month('{}')", FormatDate(std::chrono::sys_days(month)));
  }
  client_->Execute(statements);
}

// Stores the rows [first, last) and returns how many were new. Rows that the server cannot even
// copy into the staging table become dead letters: that table has no constraints, so only the value
// itself can be the cause. The rows are halved until each such row is found.
std::uint64_t PostgresBatch::StoreRows(const PostgresRows& rows, std::size_t first,
                                       std::size_t last, BatchDeadLetters& letters) {
  client_->Execute("SAVEPOINT rows");
  try {
    Copy(rows, first, last);
  } catch (const PostgresError& error) {
    if (!error.IsAboutValue()) throw;
    client_->Execute("ROLLBACK TO rows");
    if (last - first == 1) {
      const ConsumedMessage message = rows.Message(first);
      letters.Refuse(message, {{"event_id", *message.event_id}}, error.state(), error.what());
      return 0;
    }
    const std::size_t middle = first + (last - first) / 2;
    return StoreRows(rows, first, middle, letters) + StoreRows(rows, middle, last, letters);
  }
  const std::uint64_t inserted = Move(rows, last - first);
  client_->Execute("DROP TABLE " + PostgresStagingTable(rows.kind()));
  return inserted;
}

void PostgresBatch::Copy(const PostgresRows& rows, std::size_t first, std::size_t last) {
  std::array<std::string_view, 3> parts{PostgresRows::kHeader, rows.Data(first, last),
                                        PostgresRows::kTrailer};
  std::size_t part = 0;
  const std::string staging = PostgresStagingTable(rows.kind());
  client_->Execute(
      fmt::format("CREATE TEMP TABLE {} ({}) ON COMMIT DROP", staging, rows.Columns()));
  client_->Copy(fmt::format("COPY {} FROM STDIN (FORMAT binary)", staging), [&] {
    while (part < parts.size() && parts[part].empty()) ++part;
    if (part == parts.size()) return std::string_view();
    const auto piece = parts[part].substr(0, kPiece);
    parts[part].remove_prefix(piece.size());
    return piece;
  });
}

// Moves the rows from the staging table to their tables, and returns how many were new. If all rows
// were new and each was the newest version, the counts prove that everything was stored. Otherwise,
// and if something other than our own statements can change what is stored, the tables are read
// back.
std::uint64_t PostgresBatch::Move(const PostgresRows& rows, std::size_t count) {
  const std::string table = PostgresTableOf(rows.kind());
  const auto stored = ExecuteOn(table, PostgresStoreStatement(rows.kind()))[0];
  const auto fresh = std::stoull(*stored[0]);
  const bool is_plain = stored[3] == "t";
  if (fresh == count && stored[1] == stored[2] && is_plain) return fresh;
  const auto lost =
      ExecuteOn(table, is_plain && fresh < count ? PostgresMissingStatement(rows.kind())
                                                 : PostgresReadBackStatement(rows.kind()));
  if (!lost.empty()) RefuseLost(*lost[0][0], *lost[0][1]);
  return fresh;
}

// Executes a statement, and makes sure that an error names the table; not every error of the server
// does.
std::vector<PostgresClient::Row> PostgresBatch::ExecuteOn(const std::string& table,
                                                          const std::string& sql,
                                                          const std::vector<Value>& parameters) {
  try {
    return client_->Execute(sql, parameters);
  } catch (const PostgresError& error) {
    const std::string message = error.what();
    if (error.state().empty() || message.find(table) != std::string::npos) throw;
    throw PostgresError(error.code(), fmt::format("{} (storing into {})", message, table),
                        error.state());
  }
}

}  // namespace steamflow
