#include "bulk_sender.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "scripted_server.h"
#include "test_run.h"

namespace steamflow {
namespace {

using test::CodeOf;
using test::HttpCall;
using test::ScriptedResponse;
using testing::HasSubstr;

// Sends bodies of one document each, so that the document's id identifies the request.
class BulkSenderTest : public testing::Test {
 protected:
  static BulkBody BodyOf(const std::string& id) {
    ConsumedRecordParser parser;
    BulkBody body;
    const auto record = parser.Parse(
        {.topic = "t", .timestamp_ms = 1'795'000'000'000, .event_id = id, .value = R"({"a":1})"});
    body.Add(*record, "t");
    return body;
  }
  static bool IsOf(const HttpCall& call, const std::string& id) {
    return call.body.find("\"_id\":\"" + id + "\"") != std::string::npos;
  }
  bool HasSeen(const std::string& id) const {
    const auto calls = server_.calls();
    return std::any_of(calls.begin(), calls.end(),
                       [&](const HttpCall& call) { return IsOf(call, id); });
  }

  // Returns the response that the document of a request was stored at the requested place.
  static ScriptedResponse Stored(const HttpCall& call) {
    const std::string id = IsOf(call, "first") ? "first" : "second";
    return {.body = R"({"items":[{"create":{"_index":"t-undated","_id":")" + id +
                    R"(","status":201}}]})"};
  }
  auto Queue(const BulkBody& body) { return sender_.Queue(body, {"t-undated"}, false); }

  const ScriptedResponse not_now_{.status = 503, .headers = {{"Retry-After", "1"}}};
  bool has_second_ = false;
  std::function<ScriptedResponse(const HttpCall&)> answer_ = Stored;
  test::ScriptedServer server_{[this](const HttpCall& call) { return answer_(call); }};
  const RestServer at_{.source = "AIRFLOW_CONN_X", .url = server_.url()};
  test::TestRun run_;
  BulkSender sender_{at_, run_.run()};
  const BulkBody first_ = BodyOf("first");
  const BulkBody second_ = BodyOf("second");
};

TEST_F(BulkSenderTest, SendsTheNextBodyBeforeTheOneBeforeItIsAnswered) {
  answer_ = [this](const HttpCall& call) {
    has_second_ = has_second_ || IsOf(call, "second");
    return has_second_ ? Stored(call) : not_now_;
  };
  const auto first = Queue(first_);
  const auto second = Queue(second_);
  EXPECT_EQ(sender_.Await(*first).inserted, 1U);
  EXPECT_TRUE(HasSeen("second"));
  EXPECT_EQ(sender_.Await(*second).inserted, 1U);
}

TEST_F(BulkSenderTest, TellsOfABodyWhatBecameOfItAlone) {
  answer_ = [this](const HttpCall& call) {
    has_second_ = has_second_ || IsOf(call, "second");
    if (IsOf(call, "second")) return ScriptedResponse{.status = 406, .body = "no"};
    return has_second_ ? Stored(call) : not_now_;
  };
  const auto first = Queue(first_);
  const auto second = Queue(second_);
  EXPECT_EQ(sender_.Await(*first).inserted, 1U);
  std::string message;
  EXPECT_EQ(CodeOf([&] { sender_.Await(*second); }, &message), ExitCode::kConfig);
  EXPECT_THAT(message, HasSubstr("HTTP 406"));
}

TEST_F(BulkSenderTest, SendsNothingOfAForgottenBody) {
  BulkSender::Forget(*Queue(first_));
  const auto second = Queue(second_);
  EXPECT_EQ(sender_.Await(*second).inserted, 1U);
  EXPECT_FALSE(HasSeen("first"));
}

TEST_F(BulkSenderTest, NamesTheItemsThatAreRefused) {
  answer_ = [](const HttpCall&) {
    return ScriptedResponse{.body = R"({"items":[{"create":{"status":400,"error":
                                 {"type":"mapper_parsing_exception","reason":"r"}}}]})"};
  };
  const auto responses = sender_.Await(*Queue(first_));
  EXPECT_EQ(responses.inserted, 0U);
  ASSERT_EQ(responses.refusals.size(), 1U);
  EXPECT_EQ(responses.refusals[0].item, 0U);
  EXPECT_EQ(responses.refusals[0].error, "mapper_parsing_exception");
}

TEST_F(BulkSenderTest, SaysWhichDocumentAnIndexDoesNotTake) {
  answer_ = [](const HttpCall&) {
    return ScriptedResponse{.body = R"({"items":[{"create":{"status":400,"error":
                                 {"type":"illegal_argument_exception","reason":"no pipeline"}}}]})"};
  };
  std::string message;
  EXPECT_EQ(CodeOf([&] { sender_.Await(*Queue(first_)); }, &message), ExitCode::kConfig);
  EXPECT_THAT(message, HasSubstr("first: illegal_argument_exception: no pipeline"));
}

// The response says where a document is. A pipeline, or an alias that somebody moved, may have put
// it elsewhere.
TEST_F(BulkSenderTest, ADocumentThatIsNotWhereItWasSentIsNotStored) {
  for (const std::string error :
       {"", R"(,"error":{"type":"version_conflict_engine_exception","reason":"r"})"}) {
    for (const std::string where : {R"("_index":"other","_id":"first")",
                                    R"("_index":"t-undated","_id":"other")", R"("_id":"first")"}) {
      answer_ = [&](const HttpCall&) {
        return ScriptedResponse{.body = R"({"items":[{"create":{)" + where + R"(,"status":)" +
                                        (error.empty() ? "201" : "409") + error + "}}]}"};
      };
      std::string message;
      EXPECT_EQ(CodeOf([&] { sender_.Await(*Queue(first_)); }, &message), ExitCode::kConfig);
      EXPECT_THAT(message, HasSubstr("first: the server stored it in the index")) << where;
    }
  }
}

}  // namespace
}  // namespace steamflow
