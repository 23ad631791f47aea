#include "http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "scripted_server.h"
#include "standin_client.h"
#include "stop.h"

namespace steamflow {
namespace {

using standin::Standin;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

class HttpClientTest : public testing::Test {
 protected:
  // Sends one request and waits for its outcome.
  HttpOutcome Get(HttpClient& client, const std::string& path,
                  const std::vector<std::string>& headers = {},
                  milliseconds timeout = seconds(20)) {
    std::optional<HttpOutcome> outcome;
    client.Send({.url = standin_.url() + path, .headers = headers, .timeout = timeout},
                [&](HttpOutcome& ended) { outcome = std::move(ended); });
    while (!outcome) client.Wait(seconds(1), -1);
    return *outcome;
  }

  Standin standin_;
};

TEST_F(HttpClientTest, GivesStatusAndDecompressedBody) {
  HttpClient client({});
  const HttpOutcome outcome = Get(client, standin::kNews);
  ASSERT_TRUE(outcome.response);
  EXPECT_EQ(outcome.response->status, 200);
  EXPECT_THAT(outcome.response->body, testing::StartsWith("{\"appnews\""));
  EXPECT_EQ(outcome.response->retry_after, seconds(0));
  EXPECT_EQ(client.in_flight(), 0U);
}

TEST_F(HttpClientTest, HeadersGoWithTheirRequestOnly) {
  HttpClient client({});
  const std::string path = standin::kPlayers + "76561197960434622";
  EXPECT_EQ(Get(client, path, {"x-webapi-key: K"}).response->status, 200);
  EXPECT_EQ(Get(client, path).response->status, 403);
  EXPECT_EQ(Get(client, path, {"x-webapi-key: K"}).response->status, 200);
}

TEST(HttpClientBodies, MethodsAndBodiesArriveWholeAndDoNotLeakIntoTheNextRequest) {
  test::ScriptedServer server([](const test::HttpCall& call) {
    return test::ScriptedResponse{.status = call.method == "PUT" ? 201 : 200, .body = call.body};
  });
  HttpClient client({.max_in_flight = 1, .user = "elastic", .password = "p:w"});
  const auto ask = [&](const std::string& method, const std::string& body) {
    std::optional<HttpOutcome> outcome;
    client.Send({.method = method,
                 .url = server.url() + "/a?b=c",
                 .headers = {"Content-Type: application/json"},
                 .body = body,
                 .timeout = seconds(20)},
                [&](HttpOutcome& ended) { outcome = std::move(ended); });
    while (!outcome) client.Wait(seconds(1), -1);
    EXPECT_TRUE(outcome->response) << outcome->error.message;
    return outcome->response.value_or(HttpResponse{});
  };
  const std::string large = std::string("\0\xff", 2) + std::string(3'000'000, 'x');
  EXPECT_EQ(ask("PUT", "{}").status, 201);
  EXPECT_EQ(ask("POST", large).body, large);
  EXPECT_EQ(ask("POST", "").body, "");
  EXPECT_EQ(ask("DELETE", "").status, 200);
  EXPECT_EQ(ask("GET", "").body, "");
  std::vector<std::string> asked;
  for (const auto& call : server.calls()) {
    asked.push_back(call.method + " " + call.target + " " + std::to_string(call.body.size()));
    EXPECT_EQ(call.headers.at("authorization"), "Basic ZWxhc3RpYzpwOnc=");
    EXPECT_EQ(call.headers.at("content-type"), "application/json");
    EXPECT_FALSE(call.headers.contains("expect"));
  }
  EXPECT_THAT(asked, testing::ElementsAre("PUT /a?b=c 2", "POST /a?b=c 3000002", "POST /a?b=c 0",
                                          "DELETE /a?b=c 0", "GET /a?b=c 0"));
}

TEST_F(HttpClientTest, TakesABodyUpToItsLimit) {
  HttpClient unlimited({});
  const std::size_t size = Get(unlimited, standin::kNews).response->body.size();
  HttpClient exact({.max_response_bytes = size});
  EXPECT_TRUE(Get(exact, standin::kNews).response);
  HttpClient small({.max_response_bytes = size - 1});
  const HttpOutcome outcome = Get(small, standin::kNews);
  ASSERT_FALSE(outcome.response);
  EXPECT_EQ(outcome.error.kind, HttpError::Kind::kTooLarge);
  EXPECT_THAT(outcome.error.message, HasSubstr("--max-response-bytes"));
  EXPECT_LT(outcome.error.received.size(), size);
}

TEST_F(HttpClientTest, OneAnswerDoesNotLeakIntoTheNext) {
  HttpClient client({});
  const std::string news = Get(client, standin::kNews).response->body;
  const std::string count = Get(client, standin::kCount).response->body;
  EXPECT_THAT(count, testing::StartsWith("{\"response\""));
  EXPECT_LT(count.size(), 100U);
  EXPECT_EQ(Get(client, standin::kNews).response->body, news);
}

TEST_F(HttpClientTest, ATimeoutIsANetworkError) {
  standin_.AddFault(R"({"kind":"silence"})");
  HttpClient client({});
  const auto started = Clock::now();
  const HttpOutcome outcome = Get(client, standin::kCount, {}, milliseconds(300));
  ASSERT_FALSE(outcome.response);
  EXPECT_EQ(outcome.error.kind, HttpError::Kind::kNetwork);
  EXPECT_GE(Clock::now() - started, milliseconds(290));
  EXPECT_LT(Clock::now() - started, seconds(5));
}

TEST_F(HttpClientTest, WaitingEndsWhereSomethingWakesIt) {
  standin_.AddFault(R"({"kind":"silence"})");
  HttpClient client({});
  client.Send({.url = standin_.url() + standin::kCount, .timeout = seconds(20)},
              [](HttpOutcome&) { ADD_FAILURE() << "the callback was called"; });
  const int wake = ::eventfd(1, EFD_CLOEXEC);
  const auto started = Clock::now();
  client.Wait(seconds(1), wake);
  EXPECT_LT(Clock::now() - started, milliseconds(900));
  ::close(wake);
  EXPECT_EQ(client.in_flight(), 1U);
  client.Abandon();
  EXPECT_EQ(client.in_flight(), 0U);
}

TEST_F(HttpClientTest, WhatIsNoWebAddressIsASetupError) {
  HttpClient client({});
  for (const char* url : {"file:///etc/passwd", "gopher://127.0.0.1/", "http://[::1"}) {
    std::optional<HttpOutcome> outcome;
    client.Send({.url = url, .timeout = seconds(5)}, [&](HttpOutcome& ended) { outcome = ended; });
    while (!outcome) client.Wait(seconds(1), -1);
    EXPECT_FALSE(outcome->response) << url;
    EXPECT_EQ(outcome->error.kind, HttpError::Kind::kSetup) << url;
  }
}

}  // namespace
}  // namespace steamflow
