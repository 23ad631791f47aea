// The API with TLS and HTTP/2, like the real one, and Redis with TLS.

#include <filesystem>

#include "task_fixture.h"

namespace steamflow::test {
namespace {

class Tls : public TaskTest {
 protected:
  Tls()
      : folder_(std::filesystem::temp_directory_path() / UniqueTopic("tls_test")),
        proxy_({TLS_PROXY, standin_.url(), folder_}) {
    environment_["AIRFLOW_VAR_STEAM_API_URL"] = proxy_.ReadLine();
    environment_["SSL_CERT_DIR"] = folder_ / "ca";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // Returns the protocols of the calls that the server received.
  std::set<std::string> Protocols() {
    const JsonValue journal = Journal();
    std::set<std::string> protocols;
    for (std::size_t i = 0; i < journal.Size(""); ++i) {
      protocols.insert(journal.Text("/" + std::to_string(i) + "/http"));
    }
    return protocols;
  }

  const std::filesystem::path folder_;
  standin::ChildProcess proxy_;
};

TEST_F(Tls, SpeaksHttp2) {
  const Ended run = Run({kGamesTask});
  ASSERT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(EventIdsOnce(Topic(kGamesTopic)),
            ExpectedGames(accounts_, kGamesTopic, kMinute, kFirstGamesId, 100));
  EXPECT_EQ(Protocols(), std::set<std::string>{"2"});
}

TEST_F(Tls, SpeaksHttp1WhereForced) {
  const Ended run = Run({kGamesTask, "--http1"});
  ASSERT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(EventIdsOnce(Topic(kGamesTopic)),
            ExpectedGames(accounts_, kGamesTopic, kMinute, kFirstGamesId, 100));
  EXPECT_EQ(Protocols(), std::set<std::string>{"1.1"});
}

TEST_F(Tls, RetriesOverHttp2) {
  Fault(R"({"match":{"method":"GetRecentlyPlayedGames"},"kind":"cut_length","times":3})");
  const Ended run = Run({kGamesTask});
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_EQ(redis_.Get("last_steam_id"), ToText(kFirstGamesId - 100));
  EXPECT_EQ(EventIdsOnce(Topic(kGamesTopic)),
            ExpectedGames(accounts_, kGamesTopic, kMinute, kFirstGamesId, 100));
}

TEST_F(Tls, UntrustedCertificateIs78) {
  environment_["SSL_CERT_DIR"] = folder_;
  const Ended run = Run({kGamesTask});
  EXPECT_EQ(run.exit_code, 78) << run.out;
  EXPECT_NE(run.Result().Text("/error/message").find("certificate"), std::string::npos) << run.out;
  EXPECT_EQ(Requests(), 0u);
  EXPECT_EQ(redis_.Get("last_steam_id").value_or(ToText(kFirstGamesId)), ToText(kFirstGamesId));
}

class RedisTls : public Tls {
 protected:
  RedisTls() : port_(redis_.ServeTls(folder_ / "server.pem", folder_ / "server.key")) {}

  Ended RunWithRedisAt(const std::string& host) {
    environment_["AIRFLOW_CONN_REDIS_DEFAULT"] = "rediss://" + host + ":" + std::to_string(port_);
    return Run({kGamesTask});
  }

  void ExpectRefusal(const Ended& run, const char* cause) {
    EXPECT_EQ(run.exit_code, 78) << run.out;
    EXPECT_NE(run.Result().Text("/error/message").find(cause), std::string::npos) << run.out;
    EXPECT_EQ(Requests(), 0u);
    EXPECT_EQ(redis_.Get("last_steam_id").value_or(ToText(kFirstGamesId)), ToText(kFirstGamesId));
  }

  const int port_;
};

#if HIREDIS_MAJOR >= 1
TEST_F(RedisTls, KeepsTheCursor) {
  for (const char* host : {"localhost", "127.0.0.1"}) {
    const Ended run = RunWithRedisAt(host);
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  }
  EXPECT_EQ(redis_.Get("last_steam_id"), ToText(kFirstGamesId - 200));
}

TEST_F(RedisTls, UntrustedCertificateIs78) {
  environment_["SSL_CERT_DIR"] = folder_;
  ExpectRefusal(RunWithRedisAt("localhost"), "certificate of Redis");
}

TEST_F(RedisTls, CertificateOfAnotherHostIs78) {
  ExpectRefusal(RunWithRedisAt("127.0.0.2"), "IP address mismatch");
  ExpectRefusal(RunWithRedisAt("127.1"),
                "hostname mismatch");  // the resolver reads it as 127.0.0.1
}
#else
TEST_F(RedisTls, WithoutItInHiredisIs78) {
  ExpectRefusal(RunWithRedisAt("localhost"), "hiredis has no TLS");
}
#endif

}  // namespace
}  // namespace steamflow::test
