// Whatever fault the API has, a walk loses nothing and ends with the right exit code.

#include <csignal>

#include "task_fixture.h"

namespace steamflow::test {
namespace {

class HttpFaults : public TaskTest {
 protected:
  // Runs the task after the fault has ended, and expects that nothing is missing.
  void ExpectNothingLost() {
    standin_.ClearFaults();
    const Ended clean = Run({kGamesTask});
    EXPECT_EQ(clean.exit_code, 0) << clean.out;
    const auto to = std::stoull(*redis_.Get("last_steam_id"));
    EXPECT_EQ(EventIds(Topic(kGamesTopic)),
              ExpectedGames(accounts_, kGamesTopic, kMinute, kFirstGamesId, kFirstGamesId - to));
  }
  void Restart() {
    standin_.ClearFaults();
    redis_.Command({"FLUSHALL"});
  }
};

const std::vector<std::string> kTransient{
    R"("kind":"status","status":408)",
    R"("kind":"status","status":429)",
    R"("kind":"status","status":500)",
    R"("kind":"status","status":502)",
    R"("kind":"status","status":503)",
    R"("kind":"status","status":504)",
    R"("kind":"html200")",
    R"("kind":"cut_length")",
    R"("kind":"cut_chunked")",
    R"("kind":"cut_close")",
    R"("kind":"broken_json")",
    R"("kind":"bad_utf8")",
    R"("kind":"status","status":200,"body":"")",
    R"("kind":"status","status":200,"body":"{}")",
    R"("kind":"status","status":200,"body":"[]")",
    R"("kind":"status","status":200,"body":"null")",
    R"("kind":"status","status":200,"body":"{\"response\":[]}")",
    R"("kind":"status","status":200,"body":"{\"response\":{\"games\":7,\"players\":7}}")",
    R"("kind":"status","status":200,"body":"{\"response\":{}} trailing")",
};

TEST_F(HttpFaults, TransientOnesAreTriedAgain) {
  for (const auto& fault : kTransient) {
    SCOPED_TRACE(fault);
    Restart();
    Fault("{" + fault + R"(,"match":{"method":"GetPlayerSummaries"}})");
    Fault("{" + fault + R"(,"match":{"method":"GetRecentlyPlayedGames"},"skip":2,"times":2})");
    const Ended run = Run({kGamesTask});
    EXPECT_EQ(run.exit_code, 0) << run.out;
    EXPECT_EQ(run.Result().Number("/source/retries"), 3);
    EXPECT_NE(run.err, "");
    EXPECT_EQ(run.Result().Number("/kafka/dead_letters"), 0);
    EXPECT_EQ(redis_.Get("last_steam_id"), ToText(kFirstGamesId - 100));
  }
  EXPECT_EQ(EventIds(Topic(kGamesTopic)),
            ExpectedGames(accounts_, kGamesTopic, kMinute, kFirstGamesId, 100));
}

TEST_F(HttpFaults, LastingOnesHoldTheCursor) {
  const std::uint64_t id = PublicIds(accounts_, kFirstGamesId, 100)[5];
  auto faults = kTransient;
  faults.push_back(R"("kind":"gzip_bomb")");
  faults.push_back(R"("kind":"status","status":400)");
  faults.push_back(R"("kind":"status","status":404,"body":"no such thing")");
  for (const auto& fault : faults) {
    SCOPED_TRACE(fault);
    Restart();
    Fault("{" + fault + R"(,"times":-1,"match":{"method":"GetRecentlyPlayedGames","steamid":")" +
          ToText(id) + R"("}})");
    const Ended run = Run({kGamesTask, "--retries", "1"});
    EXPECT_EQ(run.exit_code, 75) << run.out;
    EXPECT_EQ(redis_.Get("last_steam_id"), ToText(id));
  }
  ExpectNothingLost();
}

TEST_F(HttpFaults, LastingOnesOfTheFirstCallToo) {
  auto faults = kTransient;
  faults.push_back(R"("kind":"gzip_bomb")");
  for (const auto& fault : faults) {
    SCOPED_TRACE(fault);
    Restart();
    Fault("{" + fault + R"(,"times":-1})");
    const Ended run = Run({kPlayersTask, "--retries", "1"});
    EXPECT_EQ(run.exit_code, 75) << run.out;
    EXPECT_EQ(redis_.Get("last_user_id").value_or(ToText(kFirstPlayersId)),
              ToText(kFirstPlayersId));
  }
}

TEST_F(HttpFaults, NulsAndLoneSurrogatesAreRepaired) {
  for (const char* kind : {"nul", "lone_surrogate"}) {
    SCOPED_TRACE(kind);
    Restart();
    Fault(std::string(R"({"kind":")") + kind + R"(","times":-1})");
    const std::string topic = UniqueTopic(kind);
    const Ended run = Run({kPlayersTask, "--topic", topic});
    EXPECT_EQ(run.exit_code, 0) << run.out;
    EXPECT_NE(run.err.find("U+FFFD"), std::string::npos) << run.err;
    EXPECT_EQ(redis_.Get("last_user_id@" + topic), ToText(kFirstPlayersId - 100));
    const auto messages = Topic(topic);
    EXPECT_EQ(EventIdsOnce(messages),
              ExpectedPlayers(accounts_, topic, kMinute, kFirstPlayersId, 100));
    int repaired = 0;
    for (const auto& message : messages) {
      if (JsonValue(message.value).Text("/personaname").rfind("\uFFFD", 0) == 0) ++repaired;
    }
    EXPECT_EQ(repaired, 1);
  }
}

TEST_F(HttpFaults, RedirectIs78AndTheTargetHearsNothing) {
  standin::Standin target;
  for (const auto& location : {target.url() + "/ISteamUser/GetPlayerSummaries/v2/?steamids=1",
                               std::string("file:///etc/passwd")}) {
    for (const char* status : {"301", "302", "307", "308"}) {
      Restart();
      Fault(R"({"kind":"redirect","times":-1,"location":")" + location + R"(","status":)" + status +
            "}");
      const Ended run = Run({kGamesTask});
      EXPECT_EQ(run.exit_code, 78) << run.out;
      EXPECT_FALSE(run.Result().Bool("/retryable"));
      EXPECT_EQ(redis_.Get("last_steam_id").value_or(ToText(kFirstGamesId)), ToText(kFirstGamesId));
    }
  }
  EXPECT_EQ(target.Control("GET", "/standin/requests").body, "[]\n");
  EXPECT_EQ(Requests(), 8u);
}

TEST_F(HttpFaults, BlockByTheEdgeIs75AfterOneCall) {
  Fault(R"({"kind":"edge_block","times":-1})");
  const Ended run = Run({kGamesTask});
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_EQ(run.Result().Text("/error/kind"), "transient");
  EXPECT_EQ(Requests(), 1u);
  ExpectNothingLost();
}

TEST_F(HttpFaults, KeyRefusedPartWayIs77AndWhatWasFetchedStays) {
  const auto ids = PublicIds(accounts_, kFirstGamesId, 100);
  Fault(
      R"({"match":{"method":"GetRecentlyPlayedGames"},"skip":4,"kind":"key_refused_403","times":-1})");
  const Ended run = Run({kGamesTask, "--max-in-flight", "1"});
  EXPECT_EQ(run.exit_code, 77) << run.out;
  EXPECT_EQ(redis_.Get("last_steam_id"), ToText(ids[4]));
  ExpectNothingLost();
}

TEST_F(HttpFaults, RetryAfterIsHonouredInBothForms) {
  for (const char* wait : {"2", "{date+3}"}) {
    SCOPED_TRACE(wait);
    Restart();
    Fault(R"({"kind":"status","status":429,"headers":{"Retry-After":")" + std::string(wait) +
          R"("}})");
    const Ended run = Run({kPlayersTask});
    EXPECT_EQ(run.exit_code, 0) << run.out;
    EXPECT_GE(run.seconds, 1.9);
    EXPECT_LT(run.seconds, 10);
  }
}

TEST_F(HttpFaults, RetryAfterBeyondTheDeadlineEndsTheRunAtOnce) {
  for (const char* wait : {"3600", "{date+3600}", "99999999999"}) {
    SCOPED_TRACE(wait);
    Restart();
    Fault(R"({"kind":"status","status":429,"headers":{"Retry-After":")" + std::string(wait) +
          R"("}})");
    const Ended run = Run({kPlayersTask});
    EXPECT_EQ(run.exit_code, 75) << run.out;
    EXPECT_LT(run.seconds, 5);
    EXPECT_EQ(redis_.Get("last_user_id").value_or(ToText(kFirstPlayersId)),
              ToText(kFirstPlayersId));
  }
}

TEST_F(HttpFaults, SlowServersMeetTheDeadline) {
  for (const char* fault : {R"("kind":"silence")", R"("kind":"trickle","ms":50)"}) {
    SCOPED_TRACE(fault);
    Restart();
    Fault("{" + std::string(fault) + R"(,"times":-1})");
    const Ended run = Run({kPlayersTask, "--deadline", "2"});
    EXPECT_EQ(run.exit_code, 75) << run.out;
    EXPECT_LT(run.seconds, 4);
    EXPECT_EQ(redis_.Get("last_user_id").value_or(ToText(kFirstPlayersId)),
              ToText(kFirstPlayersId));
  }
}

TEST_F(HttpFaults, ApiDownIs75) {
  standin_.process().Send(SIGTERM);
  standin_.process().Wait();
  const Ended run = Run({kGamesTask, "--retries", "2"});
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_EQ(redis_.Get("last_steam_id").value_or(ToText(kFirstGamesId)), ToText(kFirstGamesId));
}

TEST_F(HttpFaults, RetriesOfARunAreBounded) {
  Fault(R"({"match":{"method":"GetRecentlyPlayedGames"},"kind":"status","status":500,"times":-1})");
  const Ended run = Run({kGamesTask});
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_LE(run.Result().Number("/source/retries"), 10);
  EXPECT_EQ(static_cast<std::int64_t>(Requests()), run.Result().Number("/source/requests"));
}

TEST_F(HttpFaults, BodiesAreCappedWhereTheFlagSays) {
  Fault(R"({"kind":"gzip_bomb","times":-1})");
  const Ended run = Run({kPlayersTask, "--max-response-bytes", "2000"});
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_EQ(run.Result().Number("/source/retries"), 0) << "a retry would end the same way";
  EXPECT_EQ(redis_.Get("last_user_id").value_or(ToText(kFirstPlayersId)), ToText(kFirstPlayersId));
  EXPECT_NE(run.Result().Text("/error/message").find("2000 bytes"), std::string::npos) << run.out;
}

TEST_F(HttpFaults, AResponseThatIsTooLargeIsAskedForInParts) {
  const Ended run = Run({kPlayersTask, "--max-response-bytes", "2000"});
  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_EQ(EventIdsOnce(Topic(kPlayersTopic)),
            ExpectedPlayers(accounts_, kPlayersTopic, kMinute, kFirstPlayersId, 100));
}

}  // namespace
}  // namespace steamflow::test
