// The movement of a walk: cursor, pass, shards, the end, overlapping and frozen runs.

#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <tuple>

#include "task_fixture.h"

namespace steamflow::test {
namespace {

// A file with this content, which is removed at the end of the test.
class ScopedFile {
 public:
  explicit ScopedFile(const std::string& text)
      : path_(std::filesystem::temp_directory_path() / UniqueTopic("walk_test")) {
    std::ofstream(path_) << text;
  }
  ~ScopedFile() { std::filesystem::remove(path_); }
  ScopedFile(const ScopedFile&) = delete;
  ScopedFile& operator=(const ScopedFile&) = delete;

  std::string path() const { return path_; }

 private:
  const std::filesystem::path path_;
};

constexpr char kCursor[] = "last_user_id";

class Walk : public TaskTest {
 protected:
  Walk() { environment_["AIRFLOW_CTX_LOGICAL_DATE"] = minute_; }

  // Waits until the stand-in has received this many calls.
  void AwaitRequests(std::size_t count) {
    ASSERT_TRUE(Eventually([&] { return Requests() >= count; }));
  }

  // Returns how often each id was requested.
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

  const std::string minute_ = MinuteFromNow();
};

TEST_F(Walk, GoesOnWhereTheLastRunEnded) {
  for (int run = 0; run < 3; ++run) ASSERT_EQ(Run({kPlayersTask, "--count", "40"}).exit_code, 0);
  EXPECT_EQ(redis_.Get(kCursor), ToText(kFirstPlayersId - 120));
  EXPECT_EQ(EventIdsOnce(Topic(kPlayersTopic)),
            ExpectedPlayers(accounts_, kPlayersTopic, minute_, kFirstPlayersId, 120));
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
  const std::string later = MinuteFromNow(60);
  command.insert(command.end(), {"--logical-date", later});
  const Ended wrapped = Run(command);
  ASSERT_EQ(wrapped.exit_code, 0) << wrapped.err;
  EXPECT_EQ(redis_.Get(kCursor), ToText(start - 4));
  EXPECT_EQ(redis_.Get("last_user_id:pass"), later);
  EXPECT_EQ(wrapped.Result().Text("/cursors/0/from"), ToText(start));
  auto expected = ExpectedPlayers(accounts_, kPlayersTopic, minute_, start, 10);
  expected.merge(ExpectedPlayers(accounts_, kPlayersTopic, later, start, 4));
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
            ExpectedPlayers(accounts_, kPlayersTopic, minute_, start, 95));
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
            ExpectedGames(accounts_, kGamesTopic, minute_, begin, 20));
}

// Other settings would skip 20 ids, although the blocks belong to the same shard in both grids.
TEST_F(Walk, ChangedGridIs65) {
  const std::string start = ToText(kLowestId + 299);
  const std::vector<std::string> command{kPlayersTask, "--start-id", start, "--shard"};
  const auto run = [&](const std::string& shard, const std::string& count) {
    auto words = command;
    words.insert(words.end(), {shard, "--count", count});
    return Run(words);
  };
  ASSERT_EQ(run("1/2", "100").exit_code, 0);
  ASSERT_EQ(run("0/2", "100").exit_code, 0);
  for (const auto& [shard, count] :
       std::map<std::string, std::string>{{"0/2", "20"}, {"1/2", "20"}, {"0/3", "100"}}) {
    const Ended refused = run(shard, count);
    EXPECT_EQ(refused.exit_code, 65) << refused.out;
    const std::string message = refused.Result().Text("/error/message");
    EXPECT_NE(message.find("--count 100 --shard I/2"), std::string::npos) << message;
    EXPECT_NE(message.find("last_user_id:grid"), std::string::npos) << message;
  }
  EXPECT_EQ(Run({kPlayersTask, "--start-id", start}).exit_code, 65) << "the walk has shards";
  EXPECT_EQ(run("0/2", "100").exit_code, 0);
  EXPECT_EQ(run("0/2", "100").exit_code, 99);
  auto again = command;
  again.insert(again.end(), {"0/3", "--count", "20", "--logical-date", MinuteFromNow(60)});
  EXPECT_EQ(Run(again).exit_code, 0) << "no shard is in the middle of a pass";
  EXPECT_EQ(redis_.Get("last_user_id:grid"), start + "/20/3");
}

TEST_F(Walk, AnotherTopicLeavesProductionAlone) {
  ASSERT_EQ(Run({kPlayersTask}).exit_code, 0);
  const auto pass = redis_.Get("last_user_id:pass");
  const Ended trial = Run({kPlayersTask, "--topic", "trial", "--start-id", ToText(kLowestId + 50)});
  ASSERT_EQ(trial.exit_code, 0) << trial.out;
  EXPECT_EQ(trial.Result().Text("/cursors/0/key"), "last_user_id@trial");
  EXPECT_EQ(redis_.Get(kCursor), ToText(kFirstPlayersId - 100));
  EXPECT_EQ(redis_.Get("last_user_id:pass"), pass);
}

TEST_F(Walk, GarbageDeletedAsToldBeginsANewPass) {
  ASSERT_EQ(Run({kPlayersTask}).exit_code, 0);
  redis_.Set(kCursor, "garbage");
  const Ended refused = Run({kPlayersTask});
  EXPECT_EQ(refused.exit_code, 65) << refused.out;
  const std::string message = refused.Result().Text("/error/message");
  for (const char* key : {"last_user_id,", "last_user_id:pass", "last_user_id:failures"}) {
    EXPECT_NE(message.find(key), std::string::npos) << message;
  }
  EXPECT_EQ(redis_.Get(kCursor), "garbage");
  redis_.Command({"DEL", kCursor, "last_user_id:pass", "last_user_id:failures"});
  const std::string later = MinuteFromNow(60);
  ASSERT_EQ(Run({kPlayersTask, "--logical-date", later}).exit_code, 0);
  auto expected = ExpectedPlayers(accounts_, kPlayersTopic, minute_, kFirstPlayersId, 100);
  expected.merge(ExpectedPlayers(accounts_, kPlayersTopic, later, kFirstPlayersId, 100));
  EXPECT_EQ(EventIdsOnce(Topic(kPlayersTopic)), expected);
}

TEST_F(Walk, ListedIdsAreFetchedWithoutACursor) {
  const ScopedFile ids(ToText(kFirstGamesId) + "\n" + ToText(kFirstGamesId - 50) + "\n");
  for (const auto& [task, topic, expected_of] :
       {std::tuple{kGamesTask, kGamesTopic, &ExpectedGames},
        std::tuple{kPlayersTask, kPlayersTopic, &ExpectedPlayers}}) {
    const Ended run = Run({task, "--ids", ids.path()});
    ASSERT_EQ(run.exit_code, 0) << run.out;
    EXPECT_FALSE(run.Result().Has("/cursors"));
    auto expected = expected_of(accounts_, topic, minute_, kFirstGamesId, 1);
    expected.merge(expected_of(accounts_, topic, minute_, kFirstGamesId - 50, 1));
    EXPECT_EQ(EventIdsOnce(Topic(topic)), expected);
  }
  EXPECT_TRUE(redis_.Keys("last_*").empty());
  const auto before = Requests();
  const ScopedFile bad(ToText(kFirstGamesId) + "\n12\n");
  const Ended run = Run({kGamesTask, "--ids", bad.path()});
  EXPECT_EQ(run.exit_code, 65) << run.out;
  EXPECT_NE(run.Result().Text("/error/message").find("line 2"), std::string::npos) << run.out;
  EXPECT_EQ(Run({kGamesTask, "--ids", "/no/such/file"}).exit_code, 64);
  EXPECT_EQ(Requests(), before);
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
  // Everything was delivered except the games of the broken id.
  auto expected = ExpectedGames(accounts_, kGamesTopic, minute_, kFirstGamesId, 100);
  for (const auto& id : ExpectedGames(accounts_, kGamesTopic, minute_, broken, 1)) {
    expected.erase(id);
  }
  EXPECT_EQ(EventIdsOnce(Topic(kGamesTopic)), expected);
  standin_.ClearFaults();
  EXPECT_EQ(Run({kGamesTask}).exit_code, 0);
  const auto to = std::stoull(*redis_.Get("last_steam_id"));
  EXPECT_EQ(to, broken - 100);
  EXPECT_EQ(EventIds(Topic(kGamesTopic)),
            ExpectedGames(accounts_, kGamesTopic, minute_, kFirstGamesId, kFirstGamesId - to));
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
            ExpectedPlayers(accounts_, kPlayersTopic, minute_, kFirstPlayersId, 100 * advanced));
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
            ExpectedPlayers(accounts_, kPlayersTopic, minute_, kFirstPlayersId, 200));
}

// The walk has come to the same id again in another pass. What the frozen run has delivered belongs
// to the old pass.
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
  Fault(R"({"kind":"status","status":503,"times":-1})");
  auto wrap = command;
  wrap.insert(wrap.end(), {"--wrap", "--logical-date", MinuteFromNow(60)});
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
  const std::string later = MinuteFromNow(60);
  ASSERT_EQ(Run({kPlayersTask, "--logical-date", later}).exit_code, 0);
  auto expected = ExpectedPlayers(accounts_, kPlayersTopic, minute_, kFirstPlayersId, 100);
  expected.merge(ExpectedPlayers(accounts_, kPlayersTopic, later, kFirstPlayersId, 100));
  EXPECT_EQ(EventIdsOnce(Topic(kPlayersTopic)), expected);
}

}  // namespace
}  // namespace steamflow::test
