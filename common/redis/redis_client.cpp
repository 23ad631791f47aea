#include "redis_client.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <hiredis/hiredis.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include "detached_call.h"
#include "parse_number.h"
#include "redis_tls.h"
#include "task_error.h"

namespace steamflow {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongestWait(5'000);

// All commands that the tasks and their scripts use. They are checked when connecting, so that a
// missing command fails the run at its start instead of at its end.
constexpr std::array<std::string_view, 13> kCommands{
    "DECRBY",  "DEL",     "EVAL", "EXPIRE", "GET",    "HDEL", "HGET",
    "HGETALL", "HINCRBY", "HLEN", "HSET",   "INCRBY", "SET"};

struct ContextDeleter {
  void operator()(redisContext* context) const { redisFree(context); }
};
struct ReplyDeleter {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Context = std::unique_ptr<redisContext, ContextDeleter>;
using Reply = std::unique_ptr<redisReply, ReplyDeleter>;
using Words = std::vector<std::string_view>;

timeval ToTimeval(milliseconds time) {
  return {time.count() / 1000, (time.count() % 1000) * 1000};
}

bool Has(std::string_view error, std::initializer_list<std::string_view> parts) {
  return std::any_of(parts.begin(), parts.end(), [&](std::string_view part) {
    return error.find(part) != std::string_view::npos;
  });
}

// Returns the exit code for an error reply. The error of a command inside a script is embedded in
// the text of the script's own error, so it may be anywhere in `error`.
ExitCode CodeOf(std::string_view command, std::string_view error) {
  if (Has(error,
          {"NOAUTH", "WRONGPASS", "NOPERM", "ACL failure", "The user executing the script"}) ||
      (command == "AUTH" && error.starts_with("ERR"))) {
    return ExitCode::kAuth;
  }
  if (Has(error, {"WRONGTYPE", "not an integer", "would overflow", "out of range: "})) {
    return ExitCode::kData;
  }
  if (Has(error, {"unknown command", "Unknown Redis command", "DB index", "invalid DB", "MOVED ",
                  "ASK ", "CROSSSLOT", "CLUSTERDOWN", "in a cluster node", "DENIED"}) ||
      (command == "SELECT" && error.starts_with("ERR"))) {
    return ExitCode::kConfig;
  }
  return ExitCode::kTransient;
}

// Returns the reply or the first of its elements that is an error, or null if there is none.
const redisReply* FindError(const redisReply& reply) {
  if (reply.type == REDIS_REPLY_ERROR) return &reply;
  if (reply.type != REDIS_REPLY_ARRAY) return nullptr;
  for (std::size_t i = 0; i < static_cast<std::size_t>(reply.elements); ++i) {
    if (const redisReply* error = FindError(*reply.element[i])) return error;
  }
  return nullptr;
}

}  // namespace

class RedisClient::Impl {
 public:
  Impl(const RedisSettings& settings, const Stop& stop) : settings_(settings), stop_(stop) {}

  RedisReply Command(const Words& arguments) {
    if (!is_ready_) Connect();
    const Reply reply = std::move(Ask({arguments}).front());
    return RedisReply(*reply, std::make_shared<const std::string>(Asked(arguments)));
  }

  std::string Address() const { return fmt::format("{}:{}", settings_.host, settings_.port); }

 private:
  milliseconds Left(Clock::time_point until) const {
    const auto end = std::min(until, stop_.finish_by());
    return std::max(std::chrono::ceil<milliseconds>(end - Clock::now()), milliseconds(0));
  }

  void Connect() {
    const auto until = Clock::now() + kLongestWait;
    const timeval timeout = ToTimeval(std::max(Left(until), milliseconds(1)));
    auto context = CallDetached<Context>(
        [host = settings_.host, port = settings_.port, timeout] {
          return Context(redisConnectWithTimeout(host.c_str(), port, timeout));
        },
        stop_, until);
    if (!context) FailAfterTime("connecting to");
    context_ = *std::move(context);
    if (!context_ || context_->err) Fail("connecting to");
    SetTimeout(until);
#ifdef STEAMFLOW_REDIS_TLS
    if (settings_.tls && !StartTls(context_.get(), settings_.host, Address()))
      Fail("starting TLS with");
#endif
    LogIn();
    is_ready_ = true;
  }

  // Logs in and checks the server, in one round trip. A check that the user has no permission for
  // is skipped.
  void LogIn() {
    std::vector<Words> commands;
    const std::string db = fmt::to_string(settings_.db);
    if (!settings_.user.empty()) {  // who may have no password, but is not the default user
      commands.push_back({"AUTH", settings_.user, settings_.password});
    } else if (!settings_.password.empty()) {
      commands.push_back({"AUTH", settings_.password});
    }
    if (settings_.db != 0) commands.push_back({"SELECT", db});
    commands.push_back({"INFO", "cluster"});
    commands.push_back({"COMMAND", "INFO"});
    commands.back().insert(commands.back().end(), kCommands.begin(), kCommands.end());
    const auto replies = Ask(commands);
    for (std::size_t i = 0; i + 2 < replies.size(); ++i) {
      if (replies[i]->type == REDIS_REPLY_STATUS) continue;
      Refuse(fmt::format("its reply to {} is not one of Redis", commands[i][0]));
    }
    const redisReply& cluster = *replies[replies.size() - 2];
    if (cluster.type == REDIS_REPLY_STRING && Has(cluster.str, {"cluster_enabled:1"})) {
      Refuse("it is part of a Redis Cluster, but the keys of a task must be on one server");
    }
    const redisReply& known = *replies.back();
    if (known.type != REDIS_REPLY_ARRAY) return;
    std::vector<std::string_view> missing;
    for (std::size_t i = 0; i < std::min<std::size_t>(known.elements, kCommands.size()); ++i) {
      if (known.element[i]->type == REDIS_REPLY_NIL) missing.push_back(kCommands[i]);
    }
    if (missing.empty()) return;
    Refuse(fmt::format("commands that tasks need are missing (renamed or disabled): {}",
                       fmt::join(missing, ", ")));
  }

  [[noreturn]] void Refuse(const std::string& reason) {
    context_.reset();
    throw TaskError(ExitCode::kConfig, fmt::format("Redis at {}: {}", Address(), reason));
  }

  // The timeout applies to writing; reading waits in poll().
  void SetTimeout(Clock::time_point until) {
    const auto timeout = ToTimeval(std::max(Left(until), milliseconds(1)));
    if (redisSetTimeout(context_.get(), timeout) != REDIS_OK) Fail("setting a timeout for");
  }

  // Sends the commands together and returns their replies. Throws the first error reply, except
  // those to INFO and COMMAND, which count only if they say that the login is missing.
  std::vector<Reply> Ask(const std::vector<Words>& commands) {
    const auto until = Clock::now() + kLongestWait;
    SetTimeout(until);
    for (const Words& words : commands) Append(words);
    for (int is_done = 0; !is_done;) {
      if (redisBufferWrite(context_.get(), &is_done) != REDIS_OK) Fail("asking");
    }
    std::vector<Reply> replies;
    for (const Words& words : commands) {
      replies.push_back(Receive(until));
      const redisReply* const error = FindError(*replies.back());
      if (!error) continue;
      const bool may_fail = words[0] == "INFO" || words[0] == "COMMAND";
      if (!may_fail || Has(error->str, {"NOAUTH"})) Throw(words, *error);
    }
    return replies;
  }

  void Append(const Words& words) {
    std::vector<const char*> values;
    std::vector<std::size_t> lengths;
    for (const std::string_view word : words) {
      values.push_back(word.data());
      lengths.push_back(word.size());
    }
    if (redisAppendCommandArgv(context_.get(), static_cast<int>(values.size()), values.data(),
                               lengths.data()) != REDIS_OK) {
      Fail("asking");
    }
  }

  Reply Receive(Clock::time_point until) {
    for (;;) {
      void* reply = nullptr;
      if (redisGetReplyFromReader(context_.get(), &reply) != REDIS_OK) Fail("asking");
      if (reply) return Reply(static_cast<redisReply*>(reply));
      AwaitInput(until);
      if (redisBufferRead(context_.get()) != REDIS_OK) Fail("asking");
    }
  }

  void AwaitInput(Clock::time_point until) {
    std::array<pollfd, 2> files{{{context_->fd, POLLIN, 0}, {stop_.fd(), POLLIN, 0}}};
    for (;;) {
      const auto left = Left(until);
      if (left.count() == 0) FailAfterTime("asking");
      const int ready = ::poll(files.data(), files.size(), static_cast<int>(left.count()));
      if (ready > 0 && files[0].revents != 0) return;
      stop_.Signal();  // consumes the signal, which shortens the time left
    }
  }

  // Keeps the connection, because no other reply is pending, except during the login, which sends
  // several commands at once.
  [[noreturn]] void Throw(const Words& words, const redisReply& reply) {
    const std::string error(reply.str, static_cast<std::size_t>(reply.len));
    if (!is_ready_) context_.reset();
    throw TaskError(CodeOf(words[0], error), fmt::format("{}: {}", Asked(words), error));
  }

  // Returns the command and its keys for a message, without passwords or scripts.
  std::string Asked(const Words& words) const {
    std::string command(words[0]);
    if (command == "EVAL") {
      const auto keys = words.begin() + 3;
      const auto count = ParseNumber<std::ptrdiff_t>(words[2]).value_or(0);
      command += fmt::format(" of {}", fmt::join(keys, keys + count, ", "));
    } else if (words.size() > 1 && command != "AUTH") {
      command += fmt::format(" {}", words[1]);
    }
    return fmt::format("{} on Redis at {}", command, Address());
  }

  // Throws the error of the context. hiredis does not allow further use of a context after an
  // error.
  [[noreturn]] void Fail(const char* doing) {
    std::string cause = context_ ? context_->errstr : "out of memory";
    const bool is_other_server = context_ && context_->err == REDIS_ERR_PROTOCOL;
    if (is_other_server) cause = "the server does not speak the Redis protocol (" + cause + ")";
    if (cause == "Resource temporarily unavailable") FailAfterTime(doing);
    Disconnect();
    throw TaskError(is_other_server ? ExitCode::kConfig : ExitCode::kTransient,
                    fmt::format("{} Redis at {}: {}", doing, Address(), cause));
  }

  [[noreturn]] void FailAfterTime(const char* doing) {
    Disconnect();
    throw TaskError(ExitCode::kTransient,
                    fmt::format("{} Redis at {}: no response in time", doing, Address()));
  }

  void Disconnect() {
    context_.reset();
    is_ready_ = false;
  }

  const RedisSettings settings_;
  const Stop& stop_;
  Context context_;
  bool is_ready_ = false;  // logged in and in the requested database
};

RedisClient::RedisClient(const RedisSettings& settings, const Stop& stop)
    : impl_(std::make_unique<Impl>(settings, stop)) {}
RedisClient::~RedisClient() = default;

RedisReply RedisClient::Command(const std::vector<std::string_view>& arguments) {
  return impl_->Command(arguments);
}

RedisReply RedisClient::Eval(std::string_view script, const std::vector<std::string>& keys,
                             const std::vector<std::string>& arguments) {
  const std::string count = fmt::to_string(keys.size());
  Words command{"EVAL", script, count};
  command.insert(command.end(), keys.begin(), keys.end());
  command.insert(command.end(), arguments.begin(), arguments.end());
  return impl_->Command(command);
}

std::string RedisClient::Address() const {
  return impl_->Address();
}

}  // namespace steamflow
