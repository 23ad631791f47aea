// How a walk moves: cursor, pass, shards, ends, overlapping and frozen runs.

#include <csignal>
#include <map>

#include "task_test.h"

namespace steamflow::test {
namespace {

constexpr char kCursor[] = "last_user_id";

class Walk : public TaskTest {
 protected:
  // Waits until the stand-in has seen so many calls.
  void AwaitRequests(std::size_t count) {
    ASSERT_TRUE(Eventually([&] { return Requests() >= count; }));
  }

  // How often each id was asked for.
  std::map<std::string, int> IdsAsked() {
    std::map<std::string, int> asked;
    const JsonValue journal = Journal();
    for (std::size_t call = 0; call < journal.Size(""); ++call) {
      const std::string ids = "/" + std::to_string(call) + "/ids";
      for (std::size_t i = 0; i < journal.Size(ids); ++i) {
        ++asked[journal.Text(ids + "/" + std::to_string(i))];
      }
    }
    return asked;
  }
};

TEST_F(Walk, GoesOnWhereTheLastRunEnded) {
  for (int run = 0; run < 3; ++run) ASSERT_EQ(Run({kPlayersTask, "--count", "40"}).exit_code, 0);
  EXPECT_EQ(redis_.Get(kCursor), ToText(kFirstPlayersId - 120));
  EXPECT_EQ(EventIdsOnce(Topic(kPlayersTopic)),
            ExpectedPlayers(accounts_, kPlayersTopic, kMinute, kFirstPlayersId, 120));
}

TEST_F(Walk, EndsAtTheLowestIdWith99) {
  redis_.Set(kCursor, ToText(kLowestId + 4));
  const Ended last = Run({kPlayersTask});
  EXPECT_EQ(last.exit_code, 0) << last.err;
  EXPECT_EQ(redis_.Get(kCursor), ToText(kLowestId - 1));
  EXPECT_EQ(IdsAsked().size(), 5u);
  const Ended over = Run({kPlayersTask});
  EXPECT_EQ(over.exit_code, 99) << over.out;
  EXPECT_EQ(over.err, "");
  EXPECT_EQ(over.Result().Text("/status"), "skipped");
  EXPECT_EQ(over.Result().Text("/error/kind"), "skipped");
  EXPECT_EQ(redis_.Get(kCursor), ToText(kLowestId - 1));
  EXPECT_EQ(Requests(), 1u);
}

TEST_F(Walk, WrapBeginsANewPassWithNewEventIds) {
  const std::uint64_t start = kLowestId + 9;
  std::vector<std::string> command{kPlayersTask, "--wrap",     "--count",
                                   "4",          "--start-id", ToText(start)};
  for (const char* cursor : {"76561197960265734", "76561197960265730", "76561197960265728"}) {
    ASSERT_EQ(Run(command).exit_code, 0);
    EXPECT_EQ(redis_.Get(kCursor), cursor);
  }
  command.insert(command.end(), {"--logical-date", "2026-12-01T00:00:59Z"});
  const Ended wrapped = Run(command);
  ASSERT_EQ(wrapped.exit_code, 0) << wrapped.err;
  EXPECT_EQ(redis_.Get(kCursor), ToText(start - 4));
  EXPECT_EQ(redis_.Get("last_user_id:pass"), "2026-12-01T00:00Z");
  EXPECT_EQ(wrapped.Result().Text("/cursors/0/from"), ToText(start));
  auto expected = ExpectedPlayers(accounts_, kPlayersTopic, kMinute, start, 10);
  expected.merge(ExpectedPlayers(accounts_, kPlayersTopic, "2026-12-01T00:00Z", start, 4));
  EXPECT_EQ(EventIdsOnce(Topic(kPlayersTopic)), expected);
}

TEST_F(Walk, ShardsTakeEveryIdOnce) {
  const std::uint64_t start = kLowestId + 94;  // 95 ids: the last block is short
  std::vector<bool> over(3);
  for (int round = 0; round < 6; ++round) {
    for (std::size_t shard = 0; shard < 3; ++shard) {
      const Ended run = Run({kPlayersTask, "--count", "10", "--start-id", ToText(start), "--shard",
                             std::to_string(shard) + "/3"});
      ASSERT_TRUE(run.exit_code == 0 || run.exit_code == 99) << run.out;
      EXPECT_FALSE(over[shard] && run.exit_code == 0);
      over[shard] = run.exit_code == 99;
    }
  }
  EXPECT_EQ(over, std::vector<bool>(3, true));
  const auto asked = IdsAsked();
  EXPECT_EQ(asked.size(), 95u);
  for (const auto& [id, times] : asked) EXPECT_EQ(times, 1) << id;
  EXPECT_EQ(EventIdsOnce(Topic(kPlayersTopic)),
            ExpectedPlayers(accounts_, kPlayersTopic, kMinute, start, 95));
  EXPECT_EQ(redis_.Get("last_user_id:2/3"), ToText(kLowestId - 1));
}

TEST_F(Walk, ShardFinishesItsBlockFirst) {
  const std::vector<std::string> command{kGamesTask, "--count",   "20", "--shard",
                                         "1/2",      "--retries", "0"};
  const std::uint64_t begin = kFirstGamesId - 20;
  const auto ids = PublicIds(accounts_, begin, 20);
  ASSERT_GT(ids.size(), 2u);
  const std::uint64_t broken = ids[1];
  Fault(R"({"match":{"method":"GetRecentlyPlayedGames","steamid":")" + ToText(broken) +
        R"("},"kind":"status","status":500})");
  EXPECT_EQ(Run(command).exit_code, 75);
  EXPECT_EQ(redis_.Get("last_steam_id:1/2"), ToText(broken));
  EXPECT_EQ(Run(command).exit_code, 0);
  EXPECT_EQ(redis_.Get("last_steam_id:1/2"), ToText(begin - 40));
  EXPECT_EQ(EventIds(Topic(kGamesTopic)),
            ExpectedGames(accounts_, kGamesTopic, kMinute, begin, 20));
}

TEST_F(Walk, ChangedGridIs65) {
  ASSERT_EQ(Run({kPlayersTask, "--count", "10", "--shard", "1/2"}).exit_code, 0);
  const auto cursor = redis_.Get("last_user_id:1/2");
  const Ended run = Run({kPlayersTask, "--count", "15", "--shard", "1/2"});
  EXPECT_EQ(run.exit_code, 65) << run.out;
  EXPECT_EQ(redis_.Get("last_user_id:1/2"), cursor);
}

TEST_F(Walk, FirstFailedIdStopsTheCursor) {
  const auto ids = PublicIds(accounts_, kFirstGamesId, 100);
  const std::uint64_t broken = ids[ids.size() / 2];
  Fault(R"({"match":{"method":"GetRecentlyPlayedGames","steamid":")" + ToText(broken) +
        R"("},"kind":"status","status":503,"times":-1})");
  const Ended run = Run({kGamesTask, "--retries", "1"});
  EXPECT_EQ(run.exit_code, 75) << run.out;
  EXPECT_TRUE(run.Result().Bool("/retryable"));
  EXPECT_EQ(redis_.Get("last_steam_id"), ToText(broken));
  // What could be delivered was: all but the games of the broken id.
  auto expected = ExpectedGames(accounts_, kGamesTopic, kMinute, kFirstGamesId, 100);
  for (const auto& id : ExpectedGames(accounts_, kGamesTopic, kMinute, broken, 1)) {
    expected.erase(id);
  }
  EXPECT_EQ(EventIdsOnce(Topic(kGamesTopic)), expected);
  standin_.ClearFaults();
  EXPECT_EQ(Run({kGamesTask}).exit_code, 0);
  const auto to = std::stoull(*redis_.Get("last_steam_id"));
  EXPECT_EQ(to, broken - 100);
  EXPECT_EQ(EventIds(Topic(kGamesTopic)),
            ExpectedGames(accounts_, kGamesTopic, kMinute, kFirstGamesId, kFirstGamesId - to));
}

TEST_F(Walk, OverlappingRunsNeitherSkipNorGoBack) {
  Fault(R"({"kind":"latency","ms":100,"times":-1})");
  std::vector<std::unique_ptr<Program>> runs;
  for (int i = 0; i < 5; ++i) {
    runs.push_back(std::make_unique<Program>(std::vector<std::string>{kPlayersTask}, environment_));
  }
  std::uint64_t advanced = 0;
  for (auto& run : runs) {
    const Ended ended = run->Wait();
    EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
    if (ended.Result().Bool("/cursors/0/advanced")) ++advanced;
  }
  EXPECT_GE(advanced, 1u);
  EXPECT_EQ(redis_.Get(kCursor), ToText(kFirstPlayersId - 100 * advanced));
  EXPECT_EQ(EventIds(Topic(kPlayersTopic)),
            ExpectedPlayers(accounts_, kPlayersTopic, kMinute, kFirstPlayersId, 100 * advanced));
}

TEST_F(Walk, FrozenRunLosesTheRace) {
  Fault(R"({"kind":"latency","ms":3000})");
  Program frozen({kPlayersTask}, environment_);
  AwaitRequests(1);
  frozen.Send(SIGSTOP);
  ASSERT_EQ(Run({kPlayersTask}).exit_code, 0);
  ASSERT_EQ(Run({kPlayersTask}).exit_code, 0);
  frozen.Send(SIGCONT);
  const Ended ended = frozen.Wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.out;
  EXPECT_FALSE(ended.Result().Bool("/cursors/0/advanced"));
  EXPECT_EQ(ended.Result().Text("/cursors/0/to"), ToText(kFirstPlayersId - 200));
  EXPECT_EQ(redis_.Get(kCursor), ToText(kFirstPlayersId - 200));
  EXPECT_EQ(EventIds(Topic(kPlayersTopic)),
            ExpectedPlayers(accounts_, kPlayersTopic, kMinute, kFirstPlayersId, 200));
}

// The walk has come to the same id again, in another pass: what the frozen run has delivered
// belongs to the old one.
TEST_F(Walk, FrozenRunOfAnOldPassMovesNoCursorOfTheNewOne) {
  const std::uint64_t start = kLowestId + 4;
  const std::vector<std::string> command{kPlayersTask, "--start-id", ToText(start), "--retries",
                                         "0"};
  redis_.Set(kCursor, ToText(start));
  Fault(R"({"kind":"latency","ms":3000})");
  Program frozen(command, environment_);
  AwaitRequests(1);
  frozen.Send(SIGSTOP);
  ASSERT_EQ(Run(command).exit_code, 0);
  ASSERT_EQ(redis_.Get(kCursor), ToText(kLowestId - 1));
  Fault(R"({"kind":"status","status":503})");
  auto wrap = command;
  wrap.insert(wrap.end(), {"--wrap", "--logical-date", "2026-12-01"});
  ASSERT_EQ(Run(wrap).exit_code, 75);
  ASSERT_EQ(redis_.Get(kCursor), ToText(start));
  frozen.Send(SIGCONT);
  const Ended ended = frozen.Wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.out;
  EXPECT_FALSE(ended.Result().Bool("/cursors/0/advanced"));
  EXPECT_EQ(redis_.Get(kCursor), ToText(start));
}

TEST_F(Walk, DeletedPassIsANewPass) {
  ASSERT_EQ(Run({kPlayersTask}).exit_code, 0);
  redis_.Command({"DEL", kCursor, "last_user_id:pass"});
  ASSERT_EQ(Run({kPlayersTask, "--logical-date", "2026-12-01"}).exit_code, 0);
  auto expected = ExpectedPlayers(accounts_, kPlayersTopic, kMinute, kFirstPlayersId, 100);
  expected.merge(
      ExpectedPlayers(accounts_, kPlayersTopic, "2026-12-01T00:00Z", kFirstPlayersId, 100));
  EXPECT_EQ(EventIdsOnce(Topic(kPlayersTopic)), expected);
}

}  // namespace
}  // namespace steamflow::test
