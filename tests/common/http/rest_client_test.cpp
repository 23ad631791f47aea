#include "rest_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scripted_server.h"
#include "test_run.h"

namespace steamflow {
namespace {

using std::chrono::seconds;
using test::CodeOf;
using test::HttpCall;
using test::ScriptedResponse;
using testing::HasSubstr;

class RestClientTest : public testing::Test {
 protected:
  // Returns the responses in order; the last one is repeated.
  ScriptedResponse Next() {
    ScriptedResponse response = responses_.front();
    if (responses_.size() > 1) responses_.erase(responses_.begin());
    return response;
  }
  RestServer At(const std::string& url) const {
    return {.source = "AIRFLOW_CONN_X", .url = url, .headers = {"Authorization: ApiKey k"}};
  }

  std::vector<ScriptedResponse> responses_{{}};
  test::ScriptedServer server_{[this](const HttpCall&) { return Next(); }};
  test::TestRun run_{seconds(20)};
  std::string message_;
};

TEST_F(RestClientTest, SendsWhatItIsGiven) {
  responses_ = {{.status = 404, .body = "{\"found\":false}"}};
  RestClient client(At(server_.url()), run_.run());
  const HttpResponse response = client.Ask("PUT", "/a/b?c", "{}");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body, "{\"found\":false}");
  client.Ask("GET", "/");
  const auto calls = server_.calls();
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[0].method + calls[0].target + calls[0].body, "PUT/a/b?c{}");
  EXPECT_EQ(calls[0].headers.at("content-type"), "application/json");
  EXPECT_EQ(calls[0].headers.at("authorization"), "ApiKey k");
  EXPECT_EQ(calls[1].headers.at("authorization"), "ApiKey k");
}

TEST_F(RestClientTest, TriesAgainWhatMayGoBetter) {
  responses_ = {
      {.status = 503}, {.status = 429}, {.body = "{\"a\":1}", .cut = true}, {.body = "{}"}};
  RestClient client(At(server_.url()), run_.run());
  EXPECT_EQ(client.Ask("POST", "/", "{}").body, "{}");
  EXPECT_EQ(server_.calls().size(), 4U);
}

TEST_F(RestClientTest, GivesUpAfterTheRetries) {
  responses_ = {{.status = 503}};
  run_.options.retries = 1;
  RestClient client(At(server_.url()), run_.run());
  EXPECT_EQ(CodeOf([&] { client.Ask("GET", "/x"); }, &message_), ExitCode::kTransient);
  EXPECT_THAT(message_, HasSubstr("GET " + server_.url() + "/x: HTTP 503"));
  EXPECT_EQ(server_.calls().size(), 2U);
}

TEST_F(RestClientTest, AWaitPastTheDeadlineEndsAtOnce) {
  responses_ = {{.status = 503, .headers = {{"Retry-After", "3600"}}}};
  RestClient client(At(server_.url()), run_.run());
  EXPECT_EQ(CodeOf([&] { client.Ask("GET", "/x"); }), ExitCode::kTransient);
  EXPECT_EQ(server_.calls().size(), 1U);
}

TEST_F(RestClientTest, WhatAnotherTryCannotMendEndsAtOnce) {
  const std::pair<int, ExitCode> ends[] = {
      {401, ExitCode::kAuth}, {403, ExitCode::kAuth}, {302, ExitCode::kConfig}};
  for (const auto& [status, code] : ends) {
    responses_ = {{.status = status, .headers = {{"Location", "http://127.0.0.1:1/"}}}};
    const std::size_t before = server_.calls().size();
    RestClient client(At(server_.url()), run_.run());
    EXPECT_EQ(CodeOf([&] { client.Ask("GET", "/x"); }, &message_), code) << status;
    EXPECT_THAT(message_, HasSubstr("AIRFLOW_CONN_X"));
    EXPECT_EQ(server_.calls().size(), before + 1);
  }
}

TEST_F(RestClientTest, ASignalEndsTheWaiting) {
  responses_ = {{.status = 503, .headers = {{"Retry-After", "10"}}}};
  RestClient client(At(server_.url()), run_.run());
  ::pthread_kill(::pthread_self(), SIGTERM);  // blocked, so it stays pending
  EXPECT_EQ(CodeOf([&] { client.Ask("GET", "/x"); }), ExitCode::kTerminated);
}

}  // namespace
}  // namespace steamflow
