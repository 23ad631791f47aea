// The Elasticsearch sink against a _bulk that fails in ways that are hard to provoke in a real
// server.

#include "bulk_faults.h"

namespace steamflow::test {
namespace {

using std::chrono::milliseconds;

TEST_F(BulkFaults, OnlyItemsWithoutRoomAreSentAgain) {
  WriteMany(100);
  std::map<std::string, int> refusals;
  item_status_ = [&](const Item& item) {
    const int number = std::stoi(item.id);
    return number % 10 == 3 && refusals[item.id]++ < 2 ? (number % 20 == 3 ? 429 : 503) : 0;
  };
  ExpectRun(0, 100, 0, 0);
  EXPECT_EQ(requests_, (std::vector<std::size_t>{100, 10, 10}));
  EXPECT_EQ(documents_.size(), 100u);
}

TEST_F(BulkFaults, NoRoomForGoodIsTransient) {
  WriteMany(3);
  item_status_ = [](const Item&) { return 429; };
  ExpectRun(75, 0, 0, 0, {"--retries", "2"});
  EXPECT_EQ(requests_.size(), 3u);
  item_status_ = nullptr;
  ExpectRun(0, 3, 0, 0);
}

TEST_F(BulkFaults, WholeRequestsAreSentAgain) {
  WriteMany(10);
  before_ = First({{.status = 429}, {.status = 503}, {.status = 502, .body = "<html>"}});
  ExpectRun(0, 10, 0, 0);
  EXPECT_EQ(requests_.size(), 4u);
}

TEST_F(BulkFaults, WhatWasDoneButNotAnsweredIsRecognised) {
  WriteMany(10);
  const std::vector<ScriptedResponse> responses{
      {.body = std::string(100, 'x'), .cut = true},
      {.body = "<html>garbage</html>"},
      {.body = R"({"items":[{"create":{"status":201}}]})"},
      {.status = 504}};
  after_ = First(responses);
  ExpectRun(0, 0, 10, 0);
  EXPECT_EQ(documents_.size(), 10u);
  EXPECT_EQ(requests_.size(), responses.size() + 1);
}

TEST_F(BulkFaults, ATimeoutAfterTheWorkIsRecognised) {
  WriteMany(10);
  after_ = First({{.delay = milliseconds(6000)}});
  ExpectRun(75, 0, 0, 0, {"--deadline", "5"});
  EXPECT_EQ(documents_.size(), 10u);
  ExpectRun(0, 0, 10, 0);
}

TEST_F(BulkFaults, ItemsRefusedForGoodAreDeadLetters) {
  WriteMany(20);
  item_status_ = [](const Item& item) { return item.id == "7" || item.id == "11" ? 400 : 0; };
  ExpectRun(0, 18, 0, 2);
  EXPECT_EQ(Letters(), (std::set<std::string>{"11", "7"}));
  const auto letters = ReadTopic(kafka_.brokers(), kDeadLetters);
  EXPECT_EQ(letters[0].headers.at("reason"), "mapper_parsing_exception: as told");
  EXPECT_EQ(letters[0].value, R"({"timestamp":"2026-11-22T22:34:00Z","f":""})");
  ExpectRun(0, 0, 0, 0);
}

// The dead letters come first: a run that cannot write them must not pass their records.
TEST_F(BulkFaults, OffsetsWaitForTheDeadLetters) {
  WriteMany(3);
  item_status_ = [](const Item&) { return 400; };
  kafka_.FailNext(
      0, std::vector<rd_kafka_resp_err_t>(100, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED));
  EXPECT_NE(Run().exit_code, 0);
  kafka_.FailNext(0, {});
  rd_kafka_mock_clear_request_errors(kafka_.cluster(), 0);
  ExpectRun(0, 0, 0, 3);
}

TEST_F(BulkFaults, ARequestThatIsTooLargeIsHalved) {
  WriteMany(16, std::string(1000, 'x'));
  before_ = [](const std::vector<Item>& items) -> std::optional<ScriptedResponse> {
    if (items.size() > 3) return ScriptedResponse{.status = 413};
    return std::nullopt;
  };
  ExpectRun(0, 16, 0, 0);
  EXPECT_EQ(documents_.size(), 16u);
  before_ = [](const std::vector<Item>& items) -> std::optional<ScriptedResponse> {
    if (items.front().id == "1" || items.size() > 1) return ScriptedResponse{.status = 413};
    return std::nullopt;
  };
  documents_.clear();
  WriteMany(4, "x");
  ExpectRun(0, 3, 0, 1);
  EXPECT_EQ(Letters(), (std::set<std::string>{"1"}));
}

TEST_F(BulkFaults, ARequestThatIsRefusedAsAWholeIsHalvedUntilTheCauseIsAlone) {
  WriteMany(16);
  before_ = [](const std::vector<Item>& items) -> std::optional<ScriptedResponse> {
    for (const Item& item : items) {
      if (item.id == "5") return Error(400, "action_request_validation_exception");
    }
    return std::nullopt;
  };
  ExpectRun(0, 15, 0, 1);
  EXPECT_EQ(Letters(), (std::set<std::string>{"5"}));
}

TEST_F(BulkFaults, WhatNoOtherTryCanMendEndsTheRun) {
  WriteMany(3);
  const std::vector<std::pair<ScriptedResponse, int>> ends{
      {Error(401, "security_exception"), 77},
      {Error(403, "security_exception"), 77},
      {{.status = 301, .headers = {{"Location", "http://127.0.0.1:1/"}}}, 78},
      {{.status = 400, .body = "<html>a proxy</html>"}, 78},
      {Error(406, "media_type_header_exception"), 78}};
  for (const auto& [response, code] : ends) {
    requests_.clear();
    before_ = First({response});
    ExpectRun(code, 0, 0, 0);
    EXPECT_EQ(requests_.size(), 1u) << response.status;
  }
  item_status_ = [](const Item&) { return 403; };
  ExpectRun(77, 0, 0, 0);
  item_status_ = nullptr;
  ExpectRun(0, 3, 0, 0);
  EXPECT_EQ(Letters().size(), 0u);
}

// If the server refuses a request for a reason of its own, nothing may become a dead letter,
// whatever the message is.
TEST_F(BulkFaults, ARequestThatIsRefusedForAnotherReasonEndsTheRun) {
  WriteMany(16);
  before_ = [](const std::vector<Item>&) -> std::optional<ScriptedResponse> {
    return Error(400, "illegal_argument_exception");
  };
  ExpectRun(78, 0, 0, 0);
  before_ = [](const std::vector<Item>&) -> std::optional<ScriptedResponse> {
    return Error(403, "cluster_block_exception");
  };
  const Ended run = Run();
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_NE(run.Result().Text("/error/message").find("as told"), std::string::npos) << run.out;
  before_ = nullptr;
  ExpectRun(0, 16, 0, 0);
  EXPECT_EQ(Letters().size(), 0u);
}

TEST_F(BulkFaults, AServerThatIsAwayIsTransient) {
  WriteMany(3);
  environment_["AIRFLOW_CONN_ELASTICSEARCH_DEFAULT"] = "http://127.0.0.1:1";
  const Ended run = Run({"--retries", "1"});
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_NE(run.Result().Text("/error/message").find("127.0.0.1:1"), std::string::npos);
}

TEST_F(BulkFaults, SecretsStayOutOfEverything) {
  WriteMany(3);
  const std::string address = server_.url().substr(7);
  environment_["AIRFLOW_CONN_ELASTICSEARCH_DEFAULT"] = "http://elastic:s3cret-word@" + address;
  before_ = First({Error(401, "security_exception"), {.status = 503}});
  for (const int code : {77, 0}) {
    const Ended run = Run({"--log-level", "debug"});
    EXPECT_EQ(run.exit_code, code);
    EXPECT_EQ((run.out + run.err).find("s3cret-word"), std::string::npos);
  }
  EXPECT_EQ(server_.calls().back().headers.at("authorization"),
            "Basic ZWxhc3RpYzpzM2NyZXQtd29yZA==");
}

// An index is checked once in a run and not once in a batch, because additional requests cost time.
TEST_F(BulkFaults, AnIndexIsLookedAtOnceARun) {
  const auto looks = [this](const std::string& target) {
    const auto calls = server_.calls();
    return std::count_if(calls.begin(), calls.end(),
                         [&](const HttpCall& call) { return call.target == target; });
  };
  ExpectRun(0, 0, 0, 0);
  EXPECT_EQ(looks("/t-undated"), 0) << "there is nothing to write";
  std::vector<NewMessage> messages;
  for (int i = 0; i < 1200; ++i) {
    const std::string id = std::to_string(i);
    messages.push_back({id, R"({"f":")" + std::string(10'000, 'x') + "\"}", {{"event_id", id}}});
  }
  WriteTopic(kafka_.brokers(), "t", messages);
  int batches = 0;
  at_position_ = [&]() -> std::optional<ScriptedResponse> {
    ++batches;
    return std::nullopt;
  };
  ExpectRun(0, 1200, 0, 0);
  EXPECT_GT(batches, 1);
  EXPECT_EQ(looks("/t-undated"), 1);
  EXPECT_EQ(looks("/steamflow-positions"), 2) << "the previous run has stored its positions";
}

TEST_F(BulkFaults, ALoginThatMayNotLookAtAnIndexIsTold) {
  WriteMany(3);
  looked_at_ = Error(403, "security_exception");
  const Ended run = Run();
  EXPECT_EQ(run.exit_code, 77) << run.out;
  EXPECT_NE(run.out.find("view_index_metadata on t-undated"), std::string::npos) << run.out;
  EXPECT_EQ(Answered(), 0u);
  looked_at_ = std::nullopt;
  ExpectRun(0, 3, 0, 0);
}

}  // namespace
}  // namespace steamflow::test
