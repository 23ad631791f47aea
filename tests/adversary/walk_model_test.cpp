// A model of a walk. Several runs, with different settings, topics and dates, interleave their
// effects; they are killed, refused, or get no response. The clock jumps, the API is down at times,
// and an operator deletes the keys that the messages name.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <sstream>

#include "json_document.h"
#include "model.h"
#include "parse_number.h"
#include "player_batches.h"
#include "test_run.h"
#include "walk_end.h"
#include "walk_invariants.h"

namespace steamflow::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using steam_api::kLowestId;

constexpr std::size_t kRunsAtATime = 4;

class WalkWorld {
 public:
  static constexpr std::uint32_t kActions = 12;

  void Do(const Step& step) {
    const auto [a, b, c] = step.numbers;
    switch (step.action) {
      case 0:
      case 1:
        return Begin(SettingsOf(a, b, c));
      case 2:
        return MoveClock(a);
      case 3:
        api_ = static_cast<Api>(a % 4 == 3 ? 0 : a % 4);
        return;
      case 4:
        return Operate(a, b);
      default:
        return GoOn(a, b, c);
    }
  }

  // Checks that the walk comes to its end from any state once nothing goes wrong any more.
  void Finish() {
    runs_.clear();
    api_ = Api::kWell;
    for (const char* topic : {kTopic, "trial"}) {
      Settings settings{.topic = topic, .wrap = false};
      std::size_t left = 300;
      do {
        if (--left == 0) throw std::logic_error("the walk does not come to its end: " + outcome_);
        UseHeldGrid(settings);
        clock_ += minutes(20);
        settings.logical = clock_;
        Actor run([&](Actor& self) { Walk(self, settings); });
        while (!run.is_over()) run.Go(Fate::kDone);
        if (outcome_code_ == ExitCode::kData) DeleteWhatIsTold();
      } while (outcome_code_ != ExitCode::kSkipped);
    }
  }

  static std::string Show(const Step& step) {
    const auto [a, b, c] = step.numbers;
    switch (step.action) {
      case 0:
      case 1: {
        const Settings settings = SettingsOf(a, b, c);
        return fmt::format("begin {} start {} count {} shard '{}' wrap {} read-only {} logical {}",
                           settings.topic, settings.start_id, settings.count, settings.shard,
                           settings.wrap, settings.read_only, c % 7);
      }
      case 2:
        return fmt::format("clock {}", a % 8);
      case 3:
        return fmt::format("API {}", a % 4);
      case 4:
        return fmt::format("operator {} {}", a % 5, b);
      default:
        return fmt::format("run {} goes on by {}, then {}", a, c % 8, b % 16);
    }
  }

 private:
  enum class Api { kWell, kDown, kMostlyDown };

  // The keys in Redis, as one run uses them.
  class Store : public KeyStore {
   public:
    Store(WalkWorld& world, Actor& self, const Settings& settings, Instant now)
        : world_(world), self_(self), settings_(settings), now_(now) {}

    Snapshot Read(const std::vector<std::string>& keys, const std::string& hash) override {
      return self_.Effect([&] {
        Snapshot snapshot;
        for (const std::string& key : keys) snapshot.texts[key] = world_.Get(key);
        snapshot.fields = world_.hashes_[hash];
        return snapshot;
      });
    }

   private:
    Written TryWrite(const KeyChange& change) override {
      return self_.Effect([&] {
        if (!world_.Stands(change.expected)) {
          return world_.Stands(change.wanted) ? Written::kStoodAlready : Written::kNo;
        }
        world_.Write(change, settings_, now_);
        return Written::kYes;
      });
    }

    WalkWorld& world_;
    Actor& self_;
    const Settings& settings_;
    const Instant now_;
  };

  static Settings SettingsOf(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    static const std::vector<std::string> shards{"",    "",    "0/2", "1/2", "0/2",
                                                 "1/2", "0/3", "1/3", "2/3"};
    Settings settings;
    if (a % 10 == 0) settings.topic = "trial";
    settings.start_id -= a % 3 == 1 ? 3 : 0;
    settings.count = 1 + b % 4;
    settings.shard = shards[(b / 4) % shards.size()];
    settings.wrap = c % 4 != 0;
    settings.read_only = a % 17 == 0;
    settings.logical = Instant(minutes(c % 7));  // the number of a choice, until the run begins
    return settings;
  }

  void Begin(Settings settings) {
    if (runs_.size() == kRunsAtATime) return;
    const auto which = settings.logical.time_since_epoch() / minutes(1);
    settings.logical = clock_;
    if (which == 1) settings.logical = clock_ - minutes(3);
    if (which == 2) settings.logical = clock_ - hours(24 * 40);
    if (which == 3) settings.logical = clock_ + hours(24 * 400);
    if (which == 4) settings.logical = clock_ + hours(2);
    runs_.push_back(
        std::make_unique<Actor>([this, settings](Actor& self) { Walk(self, settings); }));
  }

  void GoOn(std::uint32_t which, std::uint32_t fate, std::uint32_t effects) {
    if (runs_.empty()) return;
    const auto run = runs_.begin() + which % runs_.size();
    for (std::uint32_t i = 0; i < effects % 8 && !(*run)->is_over(); ++i) (*run)->Go(Fate::kDone);
    const bool is_fault = fate % 16 < kFates;
    if (!(*run)->is_over()) (*run)->Go(is_fault ? static_cast<Fate>(fate % 16) : Fate::kDone);
    if ((*run)->is_over()) runs_.erase(run);
  }

  void MoveClock(std::uint32_t how) {
    static const std::vector<minutes> moves{minutes(0), minutes(1),     minutes(20),
                                            hours(1),   hours(24 * 10), hours(24 * 31),
                                            -hours(2),  -minutes(30)};
    clock_ += moves[how % moves.size()];
  }

  void Operate(std::uint32_t what, std::uint32_t which) {
    if (what % 5 < 2) return DeleteWhatIsTold();
    static const std::vector<std::string> keys{"c", "c:0/2", "c:1/2", "c:1/3", "c@trial"};
    const std::string& key = keys[which % keys.size()];
    if (what % 5 == 2) Set(key, "garbage");
    if (what % 5 == 3) Set(key, std::nullopt);
    const auto cursor = ParseNumber<std::uint64_t>(Get(key).value_or(""));
    if (what % 5 == 4 && cursor) Set(key, fmt::to_string(*cursor + which % 3));
    invariants_.Touch();
  }

  // Deletes each key that the last message names, while no run is under way.
  void DeleteWhatIsTold() {
    const auto from = outcome_.find("delete ");
    if (from == std::string::npos) return;
    runs_.clear();
    std::string told = outcome_.substr(from + 7);
    for (const char* mark : {",", ";"}) {
      for (std::size_t at; (at = told.find(mark)) != std::string::npos;) told.replace(at, 1, " ");
    }
    std::istringstream words(told);
    for (std::string word; words >> word;) {
      if (word[0] != 'c' || (word.size() > 1 && word[1] != ':' && word[1] != '@')) continue;
      const auto shard = word.find(":I/");
      for (int i = 0; i < (shard == std::string::npos ? 1 : 3); ++i) {
        std::string key = word;
        if (shard != std::string::npos) key.replace(shard + 1, 1, std::to_string(i));
        Set(key, std::nullopt);
        hashes_.erase(key);
        // Once the pass is deleted, its name is forgotten and may be used again.
        if (key.find(":pass") != std::string::npos) invariants_.ForgetPasses();
      }
    }
    outcome_.clear();
    invariants_.Touch();
  }

  // Sets the flags with which the pass under way can be finished.
  void UseHeldGrid(Settings& settings) {
    settings.shard.clear();
    const auto text = Get(settings.Base() + ":grid");
    const auto grid = text ? ParseWalkGrid(*text) : std::nullopt;
    if (!grid) return;
    WalkGrid shard = *grid;
    for (; shard.shard.index < grid->shard.count; ++shard.shard.index) {
      const WalkKeys keys(settings.Base(), shard.shard);
      if (Get(keys.cursor).value_or(fmt::to_string(shard.First())) == fmt::to_string(kWalkEnd))
        continue;
      settings.start_id = shard.start_id;
      settings.count = shard.count;
      settings.shard = fmt::format("{}/{}", shard.shard.index, shard.shard.count);
      return;
    }
  }

  // Does what a task does.
  void Walk(Actor& self, const Settings& settings) {
    RunIdentity identity;
    identity.logical_date = settings.logical;
    CommonOptions options;
    Result result;
    const std::string task = "walk";
    Run run{task, process().log(), process().stop(), identity, options, result};
    const Instant now = clock_;
    Store store(*this, self, settings, now);
    try {
      steamflow::Walk walk(settings.Options(), std::nullopt, settings.topic, run, &store,
                           settings.read_only, now);
      invariants_.CheckPass(walk, settings, now);
      Fetch(self, walk, settings, now);
      outcome_code_ = ExitCode::kSuccess;
      outcome_.clear();
    } catch (const TaskError& error) {
      outcome_code_ = error.code();
      outcome_ = error.what();
    }
  }

  void Fetch(Actor& self, steamflow::Walk& walk, const Settings& settings, Instant now) {
    Items counts;
    ItemTracker items(counts);
    steam_api::Parser parser;
    const auto send = [&](std::uint64_t item, Delivery delivery) {
      items.Sent(item);
      try {
        self.Effect([&] { return settings.read_only || invariants_.Settle(walk.EventId(item)); });
        items.Delivered(item, delivery);
      } catch (const TaskError&) {
        items.Delivered(item, Delivery::kFailed);
      }
    };
    PlayerBatches batches(walk, "http://api", parser, [&](const PlayerBatches::Response& response) {
      for (std::size_t i = 0; i < response.players.size(); ++i) {
        const std::uint64_t item = response.item + i;
        if (response.players[i]) {
          send(item, Delivery::kRecord);
        } else if (!settings.read_only) {
          invariants_.Settle(walk.EventId(item));  // the API has nothing for the id
        }
        items.Answered(item, response.players[i] ? Outcome::kOk : Outcome::kAbsent);
      }
    });
    while (auto fetch = batches.Next()) Respond(self, *fetch);
    const MethodCalls calls = batches.TakeCalls();
    for (const FailedItems& failed : calls.failed) {
      if (failed.size == 1 && calls.AreWell()) invariants_.Fail(walk.ids().Id(failed.item), now);
    }
    EndWalk(walk, {calls}, items,
            {[&](const DeadLetter&, std::uint64_t item) {
               invariants_.CheckLetter(walk.ids().Id(item), now);
               send(item, Delivery::kDeadLetter);
             },
             [](std::uint64_t) {}, [] {}});
  }

  // Responds to one call of the API.
  void Respond(Actor& self, steamflow::Fetch& fetch) {
    std::vector<std::string> players;
    bool fails = false;
    try {
      self.Effect([&] {
        fails = api_ == Api::kDown || (api_ == Api::kMostlyDown && ++calls_ % 20 != 0);
        for (std::uint64_t id = kLowestId; id < kLowestId + 2 * kIds; ++id) {
          if (fetch.url.find(fmt::to_string(id)) == std::string::npos) continue;
          if (id % 7 == 3) fails = true;  // a broken id
          if (id % 3 != 0) players.push_back(fmt::format(R"({{"steamid":"{}"}})", id));
        }
        return 0;
      });
    } catch (const TaskError&) {
      fails = true;
    }
    if (fails) return fetch.fail({"HTTP 503", ""});
    HttpResponse response;
    response.body = fmt::format(R"({{"response":{{"players":[{}]}}}})", fmt::join(players, ","));
    if (!fetch.accept(response)) throw std::logic_error("the parser rejects " + response.body);
  }

  std::optional<std::string> Get(const std::string& key) const {
    const auto found = texts_.find(key);
    return found == texts_.end() ? std::nullopt : std::optional(found->second);
  }
  void Set(const std::string& key, const std::optional<std::string>& value) {
    texts_.erase(key);
    if (value) texts_[key] = *value;
  }
  bool Stands(const KeyValues& values) const {
    return std::all_of(values.begin(), values.end(),
                       [&](const auto& value) { return Get(value.first) == value.second; });
  }

  void Write(const KeyChange& change, const Settings& settings, Instant now) {
    if (settings.read_only) throw std::logic_error("a dry run writes");
    const WalkGrid grid = settings.Options().Grid();
    const WalkKeys keys(settings.Base(), grid.shard);
    const auto cursor = Get(keys.cursor);
    const auto pass = Get(keys.pass);
    const auto held_grid = Get(keys.grid);
    const auto reach = Get(keys.reach);
    for (const auto& [key, value] : change.wanted) {
      if (key.rfind(settings.Base(), 0) != 0 || key.find('@') != settings.Base().find('@')) {
        throw std::logic_error("the run of one topic changes a key of another: " + key);
      }
      Set(key, value);
    }
    for (const KeyChange::Field& field : change.fields) {
      auto& hash = hashes_[change.hash];
      const auto found = hash.find(field.name);
      if ((found == hash.end() ? std::nullopt : std::optional(found->second)) != field.expected)
        continue;
      hash.erase(field.name);
      if (field.wanted) hash[field.name] = *field.wanted;
    }
    if (Get(keys.pass) != pass) {
      invariants_.CheckNewPass(settings, grid, *Get(keys.cursor), *Get(keys.pass), pass, now);
    } else if (cursor != Get(keys.cursor)) {
      invariants_.CheckMove(settings, grid, *cursor, *Get(keys.cursor), *pass);
    }
    if (Get(keys.reach) != reach && Get(keys.reach)) {
      invariants_.Claim(*Get(keys.pass), std::stoull(*Get(keys.cursor)),
                        std::stoull(*Get(keys.reach)));
    }
    if (Get(keys.grid) != held_grid) invariants_.CheckNewGrid(settings.Base(), held_grid);
  }

  static TestRun& process() {
    static TestRun run(hours(1));
    return run;
  }

  Instant clock_ = *ParseInstant("2026-11-22T22:34:00Z");
  Api api_ = Api::kWell;
  std::uint64_t calls_ = 0;
  std::map<std::string, std::string> texts_;
  std::map<std::string, std::map<std::string, std::string>> hashes_;
  WalkInvariants invariants_;
  ExitCode outcome_code_ = ExitCode::kSuccess;
  std::string outcome_;
  std::vector<std::unique_ptr<Actor>> runs_;  // destroyed first, as they use the members above
};

TEST(WalkModelTest, HoldsWhateverHappens) {
  DriveModel<WalkWorld>(100'000, 400);
}

}  // namespace
}  // namespace steamflow::test
