#include "redis_tls.h"

#ifdef STEAMFLOW_REDIS_TLS
#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>

#include "ca_locations.h"
#include "task_error.h"

namespace steamflow {
namespace {

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

// Creates a TLS session that accepts only a certificate of this host. hiredis does not check the
// host itself.
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

}  // namespace

bool StartTls(redisContext* context, const std::string& host, const std::string& address) {
  Tls tls = MakeTls(host, address);
  if (redisInitiateSSL(context, tls.get()) == REDIS_OK) {
    static_cast<void>(tls.release());  // the context owns it now
    return true;
  }
  const long error = SSL_get_verify_result(tls.get());
  if (error == X509_V_OK) return false;
  throw TaskError(ExitCode::kConfig, fmt::format("the certificate of Redis at {}: {}", address,
                                                 X509_verify_cert_error_string(error)));
}

}  // namespace steamflow
#endif
