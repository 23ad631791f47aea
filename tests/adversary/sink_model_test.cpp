// A model of a sink's positions. Several runs, with different settings, interleave their effects;
// they are killed, refused, or get no response. Topics grow, lose their beginning, are recreated,
// do not respond, or may not be read. Some records cannot be taken by any sink, are refused by the
// store, or occur twice. There are two stores: one keeps rows and positions in one transaction, the
// other stores the positions after the documents.

#include <fmt/format.h>

#include <memory>

#include "drain.h"
#include "json_document.h"
#include "model.h"
#include "sink_run.h"
#include "sink_world.h"
#include "test_run.h"

namespace steamflow::test {
namespace {

constexpr std::size_t kRunsAtATime = 3;

class SinkModel {
 public:
  static constexpr std::uint32_t kActions = 12;

  void Do(const Step& step) {
    const auto [a, b, c] = step.numbers;
    switch (step.action) {
      case 0:
        for (std::uint32_t i = 0; i <= c % 6; ++i) world_.Append(a, b + i * 7);
        return;
      case 1:
        if (c % 4 != 0) return world_.DeleteHead(a, 1 + b % 8);
        return world_.MakeAnew(a);
      case 2:
        if (c % 3 == 0) return world_.HealAll();
        return c % 3 == 1 ? world_.Hide(a) : world_.Forbid(a);
      case 3:
      case 4:
        if (runs_.size() < kRunsAtATime) Begin(SettingsOf(a, b, c));
        return;
      default:
        GoOn(a, b, c);
    }
  }

  // Checks that every record comes into each store once nothing goes wrong any more.
  void Finish() {
    runs_.clear();
    world_.HealAll();
    for (std::size_t store = 0; store < SinkWorld::kStores; ++store) {
      const bool is_confirmed = world_.AreConfirmed(store);
      const ExitCode careful = RunOnce({.store = store, .accept_refusals = true});
      if (careful != (is_confirmed ? ExitCode::kSuccess : ExitCode::kData)) {
        throw std::logic_error(fmt::format("exit code {}, and positions are {}confirmed",
                                           static_cast<int>(careful), is_confirmed ? "" : "not "));
      }
      const SinkSettings settings{.store = store, .accept_gap = true, .accept_refusals = true};
      if (RunOnce(settings) != ExitCode::kSuccess) throw std::logic_error("the run fails");
      world_.CheckAllIsThere(store);
      const std::size_t commits = world_.commits(store);
      if (RunOnce({.store = store}) != ExitCode::kSuccess || world_.commits(store) != commits) {
        throw std::logic_error("a run did something, although there was nothing to do");
      }
    }
  }

  static std::string Show(const Step& step) {
    static constexpr std::array<const char*, 5> kNames{"append", "delete or create again",
                                                       "hide, forbid or heal", "begin", "begin"};
    const auto [a, b, c] = step.numbers;
    if (step.action < 3) return fmt::format("{} {} {} {}", kNames.at(step.action), a, b, c);
    if (step.action > 4) return fmt::format("run {} continues by {}, then {}", a, c % 16, b % 16);
    const SinkSettings settings = SettingsOf(a, b, c);
    return fmt::format("begin: store {} topics {} shard '{}' most {} gap {} refusals {}",
                       settings.store, fmt::join(settings.topics, ","), settings.shard,
                       settings.max_records.value_or(0), settings.accept_gap,
                       settings.accept_refusals);
  }

 private:
  static SinkSettings SettingsOf(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    static const std::vector<std::string> kShards{"", "", "0/2", "1/2"};
    static const std::vector<std::vector<std::string>> kTopics{
        {"a", "b"}, {"b", "a"}, {"a"}, {"b"}};
    SinkSettings settings;
    settings.store = a % SinkWorld::kStores;
    settings.topics = kTopics[b % 4];
    settings.shard = kShards[(b / 4) % 4];
    if (c % 3 == 0) settings.max_records = 1 + c % 7;
    settings.accept_gap = a % 7 == 3;
    settings.accept_refusals = a % 5 == 2;
    return settings;
  }

  void Begin(const SinkSettings& settings) {
    runs_.push_back(
        std::make_unique<Actor>([this, settings](Actor& self) { Sink(self, settings); }));
  }

  void GoOn(std::uint32_t which, std::uint32_t fate, std::uint32_t effects) {
    if (runs_.empty()) return;
    const auto run = runs_.begin() + static_cast<std::ptrdiff_t>(which % runs_.size());
    for (std::uint32_t i = 0; i < effects % 16 && !(*run)->is_over(); ++i) (*run)->Go(Fate::kDone);
    const bool is_fault = fate % 16 < kFates;
    if (!(*run)->is_over()) (*run)->Go(is_fault ? static_cast<Fate>(fate % 16) : Fate::kDone);
    if ((*run)->is_over()) runs_.erase(run);
  }

  ExitCode RunOnce(const SinkSettings& settings) {
    ExitCode code = ExitCode::kInternal;
    Actor run([&](Actor& self) { code = Sink(self, settings); });
    while (!run.is_over()) run.Go(Fate::kDone);
    return code;
  }

  // Does what a task does.
  ExitCode Sink(Actor& self, const SinkSettings& settings) {
    DrainOptions options;
    options.topics = settings.topics;
    options.shard = settings.shard;
    options.max_records = settings.max_records;
    options.accept_gap = settings.accept_gap;
    options.accept_refusals = settings.accept_refusals;
    options.kafka.brokers = "127.0.0.1:1";  // never used
    const RunIdentity identity;
    const CommonOptions common;
    Result result;
    const std::string task = "sink";
    Run run{task, process().log(), process().stop(), identity, common, result};
    SinkRun seams(world_, self, settings);
    const bool was_confirmed = world_.AreConfirmed(settings.store);
    const std::size_t losses = world_.losses();
    try {
      Drain drain(run, options);
      drain.Into(seams.store(), {.open = [&] { return seams.Open(); },
                                 .open_checker = [&] { return seams.OpenChecker(); },
                                 .is_compacted = [](const std::string&) { return false; },
                                 .letters = seams.letters(),
                                 .storing = std::launch::deferred});
    } catch (const TaskError& error) {
      const bool is_calm = was_confirmed && losses == world_.losses() &&
                           world_.AreConfirmed(settings.store);  // another run may have moved some
      if (error.code() == ExitCode::kData && is_calm) {
        throw std::logic_error(std::string("exit code 65, although nothing is lost: ") +
                               error.what());
      }
      return error.code();
    }
    seams.CheckSuccess(result.drain.value());
    return ExitCode::kSuccess;
  }

  static TestRun& process() {
    static TestRun run(std::chrono::hours(1));
    return run;
  }

  SinkWorld world_;
  std::vector<std::unique_ptr<Actor>> runs_;  // destroyed first, as they use the members above
};

TEST(SinkModelTest, NothingIsLostWhateverHappens) {
  DriveModel<SinkModel>(100'000, 300);
}

}  // namespace
}  // namespace steamflow::test
