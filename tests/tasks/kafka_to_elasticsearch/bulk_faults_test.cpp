// The Elasticsearch sink against a _bulk that fails in ways a real server seldom does when asked.

#include <algorithm>
#include <csignal>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <sstream>

#include "scripted_server.h"
#include "task_test.h"

namespace steamflow::test {
namespace {

using std::chrono::milliseconds;

constexpr char kTask[] = "kafka-to-elasticsearch";

// One item of a body: what to do, and under which id.
struct Item {
  std::string id;
  std::string action;
  std::string document;
};

std::vector<Item> ItemsOf(const std::string& body) {
  std::vector<Item> items;
  std::istringstream lines(body);
  for (std::string line; std::getline(lines, line);) {
    const JsonValue action(line);
    Item& item = items.emplace_back();
    item.action = action.Names().front();
    item.id = action.Text("/" + item.action + "/_id");
    if (item.action != "delete") std::getline(lines, item.document);
  }
  return items;
}

// Keeps documents by their ids, as the server does that is asked to create them. The test says what
// goes wrong.
class BulkFaults : public ::testing::Test {
 protected:
  using Fault = std::function<std::optional<HttpAnswer>(const std::vector<Item>&)>;

  static HttpAnswer Error(int status, const std::string& type) {
    return {.status = status,
            .body = R"({"error":{"type":")" + type + R"(","reason":"as told"},"status":)" +
                    std::to_string(status) + "}"};
  }

  HttpAnswer Answer(const HttpCall& call) {
    if (call.target.starts_with("/_mget")) return {.body = Positions(call.body)};
    if (!call.target.starts_with("/_bulk")) {
      return {.body = R"({"index_templates":[{"name":"steamflow-t"},{"name":"steamflow-t-undated"},
                          {"name":"steamflow-steamflow-positions"}]})"};
    }
    if (call.body.find("\"steamflow-positions\"") != std::string::npos) {
      if (auto fault = at_position_ ? at_position_() : std::nullopt) return *fault;
      HttpAnswer answer{.body = MovePositions(call.body)};
      if (auto fault = after_position_ ? after_position_() : std::nullopt) return *fault;
      return answer;
    }
    EXPECT_EQ(call.method, "POST");
    EXPECT_EQ(call.headers.at("content-encoding"), "gzip");
    EXPECT_EQ(call.headers.at("content-type"), "application/x-ndjson");
    const auto items = ItemsOf(call.body);
    requests_.push_back(items.size());
    if (auto fault = before_ ? before_(items) : std::nullopt) return *fault;
    std::string answer;
    for (const Item& item : items) {
      int status = item_status_ ? item_status_(item) : 0;
      if (status == 0) status = documents_.insert(item.id).second ? 201 : 409;
      const std::string error =
          status < 300 ? "" : R"(,"error":{"type":")" + TypeOf(status) + R"(","reason":"as told"})";
      answer += (answer.empty() ? "" : ",") + ("{\"" + item.action + "\":{\"status\":") +
                std::to_string(status) + error + "}}";
    }
    if (auto fault = after_ ? after_(items) : std::nullopt) return *fault;
    return {.body = "{\"took\":1,\"errors\":false,\"items\":[" + answer + "]}"};
  }

  static std::string TypeOf(int status) {
    return status == 409   ? "version_conflict_engine_exception"
           : status == 400 ? "mapper_parsing_exception"
                           : "told";
  }
  // The one document of positions that there is, as _mget and _bulk have it.
  std::string Positions(const std::string& body) const {
    std::string documents;
    const JsonValue asked(body);
    for (std::size_t i = 0; i < asked.Size("/docs"); ++i) {
      const std::string id = asked.Text("/docs/" + std::to_string(i) + "/_id");
      const auto held = positions_.find(id);
      documents += i == 0 ? "" : ",";
      documents += held == positions_.end() ? R"({"found":false})"
                                            : R"({"found":true,"_primary_term":1,"_seq_no":)" +
                                                  std::to_string(held->second.first) +
                                                  R"(,"_source":)" + held->second.second + "}";
    }
    return "{\"docs\":[" + documents + "]}";
  }
  std::string MovePositions(const std::string& body) {
    std::string answer;
    std::istringstream lines(body);
    for (std::string line; std::getline(lines, line);) {
      const JsonValue action(line);
      const std::string name = action.Names().front();
      const std::string id = action.Text("/" + name + "/_id");
      std::string document;
      std::getline(lines, document);
      const auto held = positions_.find(id);
      const bool is_free =
          name == "create"
              ? held == positions_.end()
              : held != positions_.end() && action.Number("/index/if_seq_no") == held->second.first;
      if (is_free) positions_[id] = {++seq_no_, document};
      answer +=
          (answer.empty() ? "{\"" : ",{\"") + name + R"(":{"status":)" +
          (is_free ? "201}}" : R"(409,"error":{"type":"version_conflict_engine_exception"}}})");
    }
    return R"({"items":[)" + answer + "]}";
  }

  void WriteMany(int count, const std::string& filling = "") const {
    std::vector<NewMessage> messages;
    for (int i = 0; i < count; ++i) {
      messages.push_back({"k",
                          R"({"timestamp":"2026-11-22T22:34:00Z","f":")" + filling + "\"}",
                          {{"event_id", std::to_string(i)}}});
    }
    WriteTopic(kafka_.brokers(), "t", messages);
  }
  std::vector<std::string> Command(std::vector<std::string> flags) const {
    flags.insert(flags.begin(), {kTask, "--topic", "t"});
    return flags;
  }
  Ended Run(const std::vector<std::string>& flags = {}) const {
    return RunProgram(Command(flags), environment_);
  }
  void ExpectRun(int exit_code, int inserted, int duplicates, int dead_letters,
                 const std::vector<std::string>& flags = {}) const {
    const Ended run = Run(flags);
    EXPECT_EQ(run.exit_code, exit_code) << run.out << run.err;
    EXPECT_EQ(run.Result().Raw("/sink"), R"({"type":"elasticsearch","inserted":)" +
                                             std::to_string(inserted) + R"(,"duplicates":)" +
                                             std::to_string(duplicates) + R"(,"dead_letters":)" +
                                             std::to_string(dead_letters) + "}");
  }
  // The task, for faults that do something to it: it may ask before its start has returned here.
  void Start() {
    const std::lock_guard lock(starting_);
    program_.emplace(Command({}), environment_);
  }
  Program& Started() {
    const std::lock_guard lock(starting_);
    return *program_;
  }
  // The next requests, one each.
  static Fault First(std::vector<HttpAnswer> answers) {
    return [answers](const std::vector<Item>&) mutable -> std::optional<HttpAnswer> {
      if (answers.empty()) return std::nullopt;
      const HttpAnswer answer = answers.front();
      answers.erase(answers.begin());
      return answer;
    };
  }
  std::size_t Answered() const {  // bulk requests
    const auto calls = server_.calls();
    return static_cast<std::size_t>(
        std::count_if(calls.begin(), calls.end(), [](const HttpCall& call) {
          return call.target.starts_with("/_bulk") &&
                 call.body.find("\"steamflow-positions\"") == std::string::npos;
        }));
  }
  std::set<std::string> Letters() const {
    return EventIdsOnce(ReadTopic(kafka_.brokers(), kDeadLetters));
  }

  Fault before_;                                 // instead of doing anything
  Fault after_;                                  // instead of the answer, after all was done
  std::function<int(const Item&)> item_status_;  // 0 = as it really is
  std::function<std::optional<HttpAnswer>()> at_position_;     // instead of moving positions
  std::function<std::optional<HttpAnswer>()> after_position_;  // instead of the answer to that
  std::set<std::string> documents_;
  std::map<std::string, std::pair<std::int64_t, std::string>> positions_;
  std::int64_t seq_no_ = 0;
  std::vector<std::size_t> requests_;  // the number of items of each
  ScriptedServer server_{[this](const HttpCall& call) { return Answer(call); }};
  MockKafka kafka_;
  Environment environment_{{"AIRFLOW_CONN_ELASTICSEARCH_DEFAULT", server_.url()},
                           {"AIRFLOW_CONN_KAFKA_DEFAULT", "kafka://" + kafka_.brokers()},
                           {"AIRFLOW_CTX_DAG_RUN_ID", kRunId}};

 private:
  std::mutex starting_;
  std::optional<Program> program_;
};

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
  const std::vector<HttpAnswer> answers{{.body = std::string(100, 'x'), .cut = true},
                                        {.body = "<html>garbage</html>"},
                                        {.body = R"({"items":[{"create":{"status":201}}]})"},
                                        {.status = 504}};
  after_ = First(answers);
  ExpectRun(0, 0, 10, 0);
  EXPECT_EQ(documents_.size(), 10u);
  EXPECT_EQ(requests_.size(), answers.size() + 1);
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

// The letters first: a run that cannot write them must not pass their records.
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
  before_ = [](const std::vector<Item>& items) -> std::optional<HttpAnswer> {
    if (items.size() > 3) return HttpAnswer{.status = 413};
    return std::nullopt;
  };
  ExpectRun(0, 16, 0, 0);
  EXPECT_EQ(documents_.size(), 16u);
  before_ = [](const std::vector<Item>& items) -> std::optional<HttpAnswer> {
    if (items.front().id == "1" || items.size() > 1) return HttpAnswer{.status = 413};
    return std::nullopt;
  };
  documents_.clear();
  WriteMany(4, "x");
  ExpectRun(0, 3, 0, 1);
  EXPECT_EQ(Letters(), (std::set<std::string>{"1"}));
}

TEST_F(BulkFaults, ARequestThatIsRefusedAsAWholeIsHalvedUntilTheCauseIsAlone) {
  WriteMany(16);
  before_ = [](const std::vector<Item>& items) -> std::optional<HttpAnswer> {
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
  const std::vector<std::pair<HttpAnswer, int>> ends{
      {Error(401, "security_exception"), 77},
      {Error(403, "security_exception"), 77},
      {{.status = 301, .headers = {{"Location", "http://127.0.0.1:1/"}}}, 78},
      {{.status = 400, .body = "<html>a proxy</html>"}, 78},
      {Error(406, "media_type_header_exception"), 78}};
  for (const auto& [answer, code] : ends) {
    requests_.clear();
    before_ = First({answer});
    ExpectRun(code, 0, 0, 0);
    EXPECT_EQ(requests_.size(), 1u) << answer.status;
  }
  item_status_ = [](const Item&) { return 403; };
  ExpectRun(77, 0, 0, 0);
  item_status_ = nullptr;
  ExpectRun(0, 3, 0, 0);
  EXPECT_EQ(Letters().size(), 0u);
}

// What the server refuses for a reason of its own must not become letters, however it says it.
TEST_F(BulkFaults, ARequestThatIsRefusedForAnotherReasonEndsTheRun) {
  WriteMany(16);
  before_ = [](const std::vector<Item>&) -> std::optional<HttpAnswer> {
    return Error(400, "illegal_argument_exception");
  };
  ExpectRun(78, 0, 0, 0);
  before_ = [](const std::vector<Item>&) -> std::optional<HttpAnswer> {
    return Error(403, "cluster_block_exception");
  };
  const Ended run = Run();
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_NE(run.Result().Text("/error/message").find("as told"), std::string::npos) << run.out;
  before_ = nullptr;
  ExpectRun(0, 16, 0, 0);
  EXPECT_EQ(Letters().size(), 0u);
}

TEST_F(BulkFaults, APositionThatIsMovedButNotAnsweredIsRecognised) {
  WriteMany(10);
  int answers = 0;
  after_position_ = [&]() -> std::optional<HttpAnswer> {
    if (++answers > 1) return std::nullopt;
    return HttpAnswer{.body = std::string(100, 'x'), .cut = true};
  };
  ExpectRun(0, 10, 0, 0);
  EXPECT_EQ(answers, 2);
  ExpectRun(0, 0, 0, 0);
}

// Another run moves the position between our reading of it and our moving it.
TEST_F(BulkFaults, APositionIsMovedOnlyFromWhereItWasRead) {
  WriteMany(10);
  int moves = 0;
  at_position_ = [&]() -> std::optional<HttpAnswer> {
    if (++moves == 1) {
      for (const char* id : {"t/0", "t/1", "t/2", "t/3"}) {
        positions_[id] = {++seq_no_, R"({"topic":"t","partition":0,"offset":0})"};
      }
    }
    return std::nullopt;
  };
  ExpectRun(0, 0, 10, 0);
  EXPECT_GT(moves, 1);
  EXPECT_EQ(documents_.size(), 10u);
  ExpectRun(0, 0, 0, 0);
}

TEST_F(BulkFaults, APositionThatCannotBeMovedIsNoSuccess) {
  WriteMany(10);
  at_position_ = [] { return HttpAnswer{.status = 503}; };
  EXPECT_EQ(Run({"--retries", "1"}).exit_code, 75);
  at_position_ = [] { return Error(403, "security_exception"); };
  EXPECT_EQ(Run().exit_code, 77);
  at_position_ = nullptr;
  ExpectRun(0, 0, 10, 0);
}

// Monitors would show no lag, for a reason that a person has to mend.
TEST_F(BulkFaults, AConsumerGroupThatTheLoginMayNotUseIsNamed) {
  constexpr std::int16_t kFindCoordinator = 10;
  WriteMany(3);
  kafka_.FailNext(kFindCoordinator, std::vector<rd_kafka_resp_err_t>(
                                        1000, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED));
  const Ended run = Run();
  EXPECT_EQ(run.exit_code, 77) << run.out << run.err;
  EXPECT_NE(run.Result().Text("/error/message").find("steamflow-elasticsearch"), std::string::npos)
      << run.out;
  rd_kafka_mock_clear_request_errors(kafka_.cluster(), kFindCoordinator);
  ExpectRun(0, 3, 0, 0);
}

TEST_F(BulkFaults, AServerThatIsAwayIsTransient) {
  WriteMany(3);
  environment_["AIRFLOW_CONN_ELASTICSEARCH_DEFAULT"] = "http://127.0.0.1:1";
  const Ended run = Run({"--retries", "1"});
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_NE(run.Result().Text("/error/message").find("127.0.0.1:1"), std::string::npos);
}

TEST_F(BulkFaults, OnSigtermWhatIsSentIsFinishedAndNothingElse) {
  WriteMany(3);
  after_ = [&](const std::vector<Item>&) -> std::optional<HttpAnswer> {
    Started().Send(SIGTERM);
    return std::nullopt;
  };
  Start();
  ASSERT_TRUE(Eventually([&] { return Answered() > 0; }));
  const Ended run = Started().Wait();
  EXPECT_EQ(run.exit_code, 143) << run.out << run.err;
  EXPECT_EQ(run.Result().Number("/sink/inserted"), 3);
  after_ = nullptr;
  ExpectRun(0, 0, 0, 0);
}

// The moments between two requests, which kill_elasticsearch_test cannot choose.
TEST_F(BulkFaults, AKillBeforeOrAfterTheWorkLosesNothing) {
  WriteMany(3);
  const auto kill = [&](const std::vector<Item>&) -> std::optional<HttpAnswer> {
    Started().Send(SIGKILL);
    Started().Wait();
    return std::nullopt;
  };
  for (const auto& [before, after] : {std::pair<Fault, Fault>{kill, {}}, {{}, kill}}) {
    before_ = before;
    after_ = after;
    const std::size_t answered = Answered();
    Start();
    EXPECT_TRUE(Eventually([&] { return Answered() > answered; }));
  }
  before_ = after_ = nullptr;
  EXPECT_EQ(documents_.size(), 3u);
  ExpectRun(0, 0, 3, 0);
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

}  // namespace
}  // namespace steamflow::test
