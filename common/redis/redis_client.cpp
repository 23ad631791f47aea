#include "redis_client.h"

#include <fmt/format.h>
#include <hiredis/hiredis.h>
#ifdef STEAMFLOW_REDIS_TLS
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#endif

#include <algorithm>
#include <array>
#include <chrono>

#include "ca_locations.h"
#include "task_error.h"

namespace steamflow {
namespace {

constexpr std::chrono::milliseconds kLongestWait(5'000);

struct ContextDeleter {
  void operator()(redisContext* context) const { redisFree(context); }
};
struct ReplyDeleter {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Context = std::unique_ptr<redisContext, ContextDeleter>;
using Reply = std::unique_ptr<redisReply, ReplyDeleter>;

#ifdef STEAMFLOW_REDIS_TLS
struct TlsDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* tls) const { SSL_free(tls); }
};
using Tls = std::unique_ptr<SSL, TlsDeleter>;

[[noreturn]] void FailTls(const std::string& address) {
  std::array<char, 256> cause{};
  ERR_error_string_n(ERR_get_error(), cause.data(), cause.size());
  throw TaskError(ExitCode::kConfig, fmt::format("TLS for Redis at {}: {}", address, cause.data()));
}

bool LoadCaCertificates(SSL_CTX* context) {
  const auto [file, folder] = ReadCaLocations();
  if (file.empty() && folder.empty()) return SSL_CTX_set_default_verify_paths(context) == 1;
  return SSL_CTX_load_verify_locations(context, file.empty() ? nullptr : file.c_str(),
                                       folder.empty() ? nullptr : folder.c_str()) == 1;
}

// Takes a certificate of this host only, which hiredis itself would not look at.
Tls MakeTls(const std::string& host, const std::string& address) {
  const std::unique_ptr<SSL_CTX, TlsDeleter> context(SSL_CTX_new(TLS_client_method()));
  if (!context || !LoadCaCertificates(context.get())) FailTls(address);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  Tls tls(SSL_new(context.get()));
  if (!tls) FailTls(address);
  X509_VERIFY_PARAM* const wanted = SSL_get0_param(tls.get());
  if (X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) == 1) return tls;
  if (SSL_set_tlsext_host_name(tls.get(), host.c_str()) != 1 ||
      X509_VERIFY_PARAM_set1_host(wanted, host.data(), host.size()) != 1) {
    FailTls(address);
  }
  return tls;
}
#endif

timeval ToTimeval(std::chrono::milliseconds time) {
  return {time.count() / 1000, (time.count() % 1000) * 1000};
}

bool StartsWith(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

ExitCode CodeOf(std::string_view error) {
  for (const char* refused : {"NOAUTH", "WRONGPASS", "NOPERM", "ERR invalid password", "ERR AUTH",
                              "ERR Client sent AUTH"}) {
    if (StartsWith(error, refused)) return ExitCode::kAuth;
  }
  if (error.find("WRONGTYPE") != std::string_view::npos ||
      error.find("not an integer") != std::string_view::npos) {
    return ExitCode::kData;
  }
  if (StartsWith(error, "ERR DB index") || StartsWith(error, "ERR invalid DB")) {
    return ExitCode::kConfig;
  }
  return ExitCode::kTransient;
}

RedisReply Convert(const redisReply& reply) {
  RedisReply out;
  switch (reply.type) {
    case REDIS_REPLY_INTEGER:
      out.type = RedisReply::Type::kInteger;
      out.integer = reply.integer;
      break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      out.type = RedisReply::Type::kText;
      out.text.assign(reply.str, static_cast<std::size_t>(reply.len));
      break;
    case REDIS_REPLY_ARRAY:
      out.type = RedisReply::Type::kArray;
      for (std::size_t i = 0; i < static_cast<std::size_t>(reply.elements); ++i) {
        out.elements.push_back(Convert(*reply.element[i]));
      }
      break;
    default:
      break;
  }
  return out;
}

}  // namespace

std::optional<std::string> RedisReply::OptionalText() const {
  if (type == Type::kNil) return std::nullopt;
  return type == Type::kInteger ? fmt::to_string(integer) : text;
}

class RedisClient::Impl {
 public:
  Impl(const RedisSettings& settings, const Stop& stop) : settings_(settings), stop_(stop) {}

  RedisReply Command(const std::vector<std::string_view>& arguments) {
    if (!is_ready_) Connect();
    SetTimeout();
    return Convert(*Send(arguments));
  }

  std::string Address() const { return fmt::format("{}:{}", settings_.host, settings_.port); }

 private:
  std::chrono::milliseconds Timeout() const {
    return std::clamp(stop_.TimeLeft(), std::chrono::milliseconds(1), kLongestWait);
  }

  void Connect() {
    context_.reset(
        redisConnectWithTimeout(settings_.host.c_str(), settings_.port, ToTimeval(Timeout())));
    if (!context_ || context_->err) Fail("connecting");
    SetTimeout();
    StartTls();
    if (!settings_.password.empty()) {
      std::vector<std::string_view> auth{"AUTH"};
      if (!settings_.user.empty()) auth.push_back(settings_.user);
      auth.push_back(settings_.password);
      Send(auth);
    }
    if (settings_.db != 0) Send({"SELECT", fmt::to_string(settings_.db)});
    is_ready_ = true;
  }

  void StartTls() {
#ifdef STEAMFLOW_REDIS_TLS
    if (!settings_.tls) return;
    Tls tls = MakeTls(settings_.host, Address());
    if (redisInitiateSSL(context_.get(), tls.get()) == REDIS_OK) {
      static_cast<void>(tls.release());  // the context owns it now
      return;
    }
    const long error = SSL_get_verify_result(tls.get());
    if (error == X509_V_OK) Fail("TLS with");
    context_.reset();
    throw TaskError(ExitCode::kConfig, fmt::format("the certificate of Redis at {}: {}", Address(),
                                                   X509_verify_cert_error_string(error)));
#endif
  }

  void SetTimeout() {
    if (redisSetTimeout(context_.get(), ToTimeval(Timeout())) != REDIS_OK) Fail("timeout of");
  }

  Reply Send(const std::vector<std::string_view>& arguments) {
    std::vector<const char*> values;
    std::vector<std::size_t> lengths;
    for (const std::string_view argument : arguments) {
      values.push_back(argument.data());
      lengths.push_back(argument.size());
    }
    Reply reply(static_cast<redisReply*>(redisCommandArgv(
        context_.get(), static_cast<int>(values.size()), values.data(), lengths.data())));
    if (!reply) Fail("asking");
    if (reply->type == REDIS_REPLY_ERROR) {
      const std::string error(reply->str, static_cast<std::size_t>(reply->len));
      std::string command(arguments[0]);
      // The key, in most commands; not a password, nor a script.
      if (arguments.size() > 1 && command != "AUTH" && command != "EVAL") {
        command += fmt::format(" {}", arguments[1]);
      }
      throw TaskError(CodeOf(error),
                      fmt::format("{} on Redis at {}: {}", command, Address(), error));
    }
    return reply;
  }

  // A context that has seen an error is of no more use.
  [[noreturn]] void Fail(const char* doing) {
    std::string cause = context_ ? context_->errstr : "out of memory";
    if (cause == "Resource temporarily unavailable") cause = "no response in time";
    context_.reset();
    is_ready_ = false;
    throw TaskError(ExitCode::kTransient,
                    fmt::format("{} Redis at {}: {}", doing, Address(), cause));
  }

  const RedisSettings settings_;
  const Stop& stop_;
  Context context_;
  bool is_ready_ = false;  // logged in, and in the database asked for
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
  std::vector<std::string_view> command{"EVAL", script, count};
  command.insert(command.end(), keys.begin(), keys.end());
  command.insert(command.end(), arguments.begin(), arguments.end());
  return impl_->Command(command);
}

std::string RedisClient::Address() const {
  return impl_->Address();
}

}  // namespace steamflow
