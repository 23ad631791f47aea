#include "elasticsearch_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_run.h"

namespace steamflow {
namespace {

using test::CodeOf;
using test::ScopedEnvironment;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr char kVariable[] = "AIRFLOW_CONN_ELASTICSEARCH_DEFAULT";

class ElasticsearchConfigTest : public testing::Test {
 protected:
  RestServer Read(const std::optional<std::string>& connection, bool allow_http = false) {
    const ScopedEnvironment environment(kVariable, connection);
    return ReadElasticsearchServer(flags_, allow_http, log_);
  }
  ExitCode Refusal(const std::optional<std::string>& connection) {
    return CodeOf([&] { Read(connection); }, &message_);
  }

  Log log_{"t", LogLevel::kError, LogFormat::kText, false};
  ElasticsearchFlags flags_;
  std::string message_;
};

TEST_F(ElasticsearchConfigTest, TheConnectionIsAnAddress) {
  const std::pair<const char*, const char*> addresses[] = {
      {"elasticsearch://localhost", "http://localhost:9200"},
      {"elasticsearch://127.0.0.1:9201", "http://127.0.0.1:9201"},
      {"elasticsearch://[::1]:9201/", "http://[::1]:9201"},
      {"elasticsearch://search.example", "https://search.example:9200"},
      {"elasticsearch://127.0.0.1:9201/https", "https://127.0.0.1:9201"},
      {"elasticsearch://https://search.example:443", "https://search.example:443"},
      {"opensearch://localhost:9202", "http://localhost:9202"},
      {"http://localhost:9200", "http://localhost:9200"},
      {"http://search.example:9200/https", "https://search.example:9200"},
      {"https://search.example", "https://search.example"},
      {R"({"conn_type":"elasticsearch","host":"search.example","port":9243,"schema":"https"})",
       "https://search.example:9243"},
      {R"({"conn_type":"elasticsearch","host":"http://localhost:9201"})", "http://localhost:9201"},
      {R"({"conn_type":"elasticsearch","host":"::1"})", "http://[::1]:9200"},
  };
  for (const auto& [connection, url] : addresses) {
    EXPECT_EQ(Read(connection).url, url) << connection;
    EXPECT_EQ(Read(connection).source, kVariable);
  }
}

TEST_F(ElasticsearchConfigTest, LoginOrApiKey) {
  const RestServer basic = Read("elasticsearch://elastic:p%40ss@localhost:9200");
  EXPECT_EQ(basic.user, "elastic");
  EXPECT_EQ(basic.password, "p@ss");
  EXPECT_EQ(log_.Redact("is p@ss it"), "is *** it");
  const RestServer key = Read(
      R"({"conn_type":"elasticsearch","host":"localhost","login":"x","password":"y",
          "extra":{"api_key":"SGVsbG8="}})");
  EXPECT_EQ(key.user, "");
  EXPECT_THAT(key.headers, ElementsAre("Authorization: ApiKey SGVsbG8="));
  EXPECT_THAT(log_.Redact("SGVsbG8="), Not(HasSubstr("SGVsbG8=")));
}

TEST_F(ElasticsearchConfigTest, TheFlagComesFirstAndHoldsNoPassword) {
  flags_.url = "http://localhost:9201";
  EXPECT_EQ(Read("elasticsearch://localhost:9200").url, "http://localhost:9201");
  flags_.url = "http://elastic:secret@localhost:9201";
  EXPECT_EQ(Refusal(std::nullopt), ExitCode::kUsage);
  EXPECT_THAT(message_, HasSubstr("--elasticsearch-url"));
  EXPECT_THAT(message_, Not(HasSubstr("secret")));
}

TEST_F(ElasticsearchConfigTest, PlainHttpToAnotherMachineNeedsLeave) {
  EXPECT_EQ(Refusal("http://search.example:9200"), ExitCode::kConfig);
  EXPECT_THAT(message_, HasSubstr("--allow-http"));
  EXPECT_EQ(Refusal("elasticsearch://search.example/http"), ExitCode::kConfig);
  EXPECT_EQ(Read("http://search.example:9200", true).url, "http://search.example:9200");
  flags_.url = "http://search.example:9200";
  EXPECT_EQ(Refusal(std::nullopt), ExitCode::kUsage);
}

TEST_F(ElasticsearchConfigTest, RefusesWhatIsNoServer) {
  EXPECT_EQ(Refusal(std::nullopt), ExitCode::kConfig);
  EXPECT_THAT(message_, HasSubstr(kVariable));
  for (const char* connection :
       {"redis://localhost", "elasticsearch://", "elasticsearch://localhost:9200/ftp",
        "elasticsearch://localhost:9200/prefix/http", "elasticsearch://a b", "localhost:9200"}) {
    EXPECT_EQ(Refusal(connection), ExitCode::kConfig) << connection;
    EXPECT_THAT(message_, HasSubstr(kVariable));
  }
}

TEST_F(ElasticsearchConfigTest, AnIndexNameCanBeginWithThePrefix) {
  for (const char* good : {"", "dev-", "a.b_c", "1"}) {
    flags_.index_prefix = good;
    EXPECT_EQ(ReadIndexPrefix(flags_), good);
  }
  for (const std::string& bad : {std::string("Dev-"), std::string("-dev"), std::string("_"),
                                 std::string("a,b"), std::string("a*"), std::string(61, 'a')}) {
    flags_.index_prefix = bad;
    EXPECT_EQ(CodeOf([&] { ReadIndexPrefix(flags_); }), ExitCode::kUsage) << bad;
  }
}

}  // namespace
}  // namespace steamflow
