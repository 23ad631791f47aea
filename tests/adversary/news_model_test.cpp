// A model of an app's news window: several runs at once read a feed with edited, misdated, broken
// and late items, while the clock is moved, responses are lost and runs are killed.

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>

#include "model.h"
#include "news_feed.h"
#include "news_window.h"

namespace steamflow::test {
namespace {

using steam_api::News;
using steam_api::NewsItem;
using Fields = NewsWindow::Fields;

constexpr std::int64_t kHour = 3600;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kBegin = 1'790'000'000;
constexpr std::size_t kMostItems = 500;
constexpr std::uint64_t kUnlimited = 1'000'000;

class NewsWorld {
 public:
  static constexpr std::uint32_t kActions = 10;

  void Do(const Step& step) {
    const auto [a, b, c] = step.numbers;
    switch (step.action) {
      case 0:  // a batch, published late or not
        for (std::uint32_t i = 0; i < 1 + b % 60; ++i) {
          Publish(clock_ - (a % 3 == 0 ? a : a % 5) * kHour - i * (c % 3) * kHour / 4);
        }
        break;
      case 1:
        Publish(a % 2 == 0 ? clock_ * 1000 : clock_ + b * kDay);  // milliseconds, the future
        break;
      case 2:
        if (!feed_.empty()) Edit(feed_[a % feed_.size()], b % 2 == 0 ? 0 : b * kHour);
        break;
      case 3:
        PublishBroken(clock_ - a * kHour);
        break;
      case 4:
        if (!feed_.empty()) feed_.erase(feed_.begin() + a % feed_.size());
        break;
      case 5:
        if (a % 8 == 0) clock_ -= b * kHour;
        clock_ += c * kHour / 10;
        latest_clock_ = std::max(latest_clock_, clock_);
        break;
      case 6:
        if (runs_.size() < 3) Begin(a % 3 == 0 ? 1 + b % 70 : kUnlimited);
        break;
      default:
        GoOn(a, b % 4 == 0 ? static_cast<Fate>(c % kFates) : Fate::kDone);
    }
    Check();
  }

  void Finish() {
    runs_.clear();
    clock_ = latest_clock_;  // a much earlier clock would refuse what was written under this one
    const auto plainly = [](auto effect) { return effect(); };
    RunOnce(plainly, kUnlimited);
    Check();
    CheckNothingIsLost();
    const auto records = records_;
    RunOnce(plainly, kUnlimited);
    if (records_ != records) throw std::logic_error("a record was delivered again");
  }

  static std::string Show(const Step& step) {
    static constexpr std::array<const char*, kActions> kNames{
        "publish", "misdate", "edit", "publish a broken item", "remove", "move the clock", "begin",
        "go on",   "go on",   "go on"};
    const auto [a, b, c] = step.numbers;
    return fmt::format("{} {} {} {}", kNames.at(step.action), a, b, c);
  }

 private:
  struct Published {
    std::string gid;  // empty for a broken item
    std::int64_t date = 0;
    std::uint32_t version = 0;
    std::string_view text;  // set for a broken item
  };

  void Publish(std::int64_t date) {
    if (feed_.size() >= kMostItems) return;
    Insert({fmt::format("g{}", ++last_gid_), date, 0, {}});
  }
  void PublishBroken(std::int64_t taken_in) {
    texts_.push_back(fmt::format("broken {}", texts_.size()));
    Insert({"", taken_in, 0, texts_.back()});
  }
  void Edit(Published item, std::int64_t later) {
    if (item.gid.empty()) return;
    std::erase_if(feed_, [&](const Published& other) { return other.gid == item.gid; });
    ++item.version;
    item.date += later;
    Insert(std::move(item));
  }
  void Insert(Published item) {
    const auto place = std::find_if(feed_.begin(), feed_.end(),
                                    [&](const Published& other) { return other.date < item.date; });
    feed_.insert(place, std::move(item));
  }

  static std::string EditionOf(const Published& item) {
    return fmt::format("{:012x}", item.version);
  }

  News Page(std::size_t count, std::int64_t enddate) const {
    News page{.is_known = true, .items = {}};
    for (const Published& item : feed_) {
      if (page.items.size() == count) break;
      if (enddate > 0 && item.date > enddate) continue;
      NewsItem shown{.gid = item.gid,
                     .date = item.date,
                     .edition = EditionOf(item),
                     .json = item.text,
                     .record = "{}",
                     .fault = ""};
      if (item.gid.empty()) {
        shown.date = std::nullopt;
        shown.fault = "no gid";
      }
      page.items.push_back(std::move(shown));
    }
    return page;
  }

  // Does what the task does. `effect` has an effect on the world, or suffers the fate that replaces
  // it.
  template <typename Effect>
  void RunOnce(Effect effect, std::uint64_t max_items) {
    const std::int64_t now = clock_;
    std::uint64_t moves = 0;  // how often the window had moved when this run read it
    const Fields held = effect([&] {
      moves = moves_;
      return kept_;
    });
    NewsFeed feed(NewsWindow("news_seen:7", held, now), max_items);
    std::vector<std::string> delivered;
    while (!feed.is_over()) {
      const News page = effect([&] { return Page(feed.count(), feed.enddate()); });
      const auto fresh = feed.Take(page);
      const auto half = fresh.begin() + static_cast<std::ptrdiff_t>(fresh.size() / 2);
      for (const auto& [from, to] :
           {std::pair(fresh.begin(), half), std::pair(half, fresh.end())}) {
        if (from == to) continue;
        effect([&, from = from, to = to] {
          for (auto item = from; item != to; ++item) delivered.push_back(Deliver(**item, moves));
          return 0;
        });
      }
    }
    const NewsWindowStore store{.read = [&] { return effect([&] { return kept_; }); },
                                .replace =
                                    [&](const Fields& from, const Fields& to) {
                                      return effect([&] {
                                        if (!Replace(from, to, feed.has_left_out())) return false;
                                        ++moves_;
                                        for (const auto& id : delivered)
                                          moved_.try_emplace(id, moves_);
                                        return true;
                                      });
                                    }};
    MoveNewsWindow(store, feed.window());
  }

  // Runs at the same time may deliver the same item, under the same event id. A run that began
  // after the window had moved over an item must not deliver it.
  std::string Deliver(const NewsItem& item, std::uint64_t moves) {
    std::string id = item.is_broken() ? "letter:" + LetterId(item) : item.gid + "/" + item.edition;
    ++records_[id];
    const auto moved = moved_.find(id);
    if (moved != moved_.end() && moved->second <= moves) {
      throw std::logic_error(id + " was delivered again");
    }
    return id;
  }

  bool Replace(const Fields& from, const Fields& to, bool has_left_out) {
    if (kept_ != from) return false;
    if (kept_.empty() && has_left_out) first_since_ = std::stoll(to.at("since"));
    kept_ = to;
    return true;
  }

  void Begin(std::uint64_t max_items) {
    runs_.push_back(std::make_unique<Actor>([this, max_items](Actor& run) {
      try {
        RunOnce([&run](auto effect) { return run.Effect(effect); }, max_items);
      } catch (const TaskError&) {
        // The exit code is 75, so Airflow retries.
      }
    }));
  }

  void GoOn(std::uint32_t which, Fate fate) {
    if (runs_.empty()) return;
    const auto run = runs_.begin() + static_cast<std::ptrdiff_t>(which % runs_.size());
    (*run)->Go(fate);
    if ((*run)->is_over()) runs_.erase(run);
  }

  void Check() {
    if (kept_.empty()) return;
    const std::int64_t since = std::stoll(kept_.at("since"));
    if (since < since_) throw std::logic_error("the window begins earlier than before");
    since_ = since;
    if (since > std::max(first_since_, latest_clock_ - 30 * kDay)) {
      throw std::logic_error("the window is too short");
    }
    if (first_since_ > latest_clock_) throw std::logic_error("the window begins in the future");
    const auto newest = NewestOf(kept_);
    if (newest && std::stoll(*newest) > latest_clock_) {
      throw std::logic_error("the window ends in the future");
    }
  }

  // Checks that every item of the last 30 days that the feed shows was delivered, and every item of
  // the first window.
  void CheckNothingIsLost() const {
    const std::int64_t since = std::max(first_since_, latest_clock_ - 30 * kDay);
    for (const Published& item : feed_) {
      NewsItem broken;
      broken.json = item.text;
      const std::string id =
          item.gid.empty() ? "letter:" + LetterId(broken) : item.gid + "/" + EditionOf(item);
      if (item.date >= since && !records_.contains(id)) throw std::logic_error(id + " is lost");
    }
  }

  std::int64_t clock_ = kBegin;
  std::int64_t latest_clock_ = kBegin;
  std::vector<Published> feed_;  // newest first
  std::deque<std::string> texts_;
  std::uint64_t last_gid_ = 0;
  Fields kept_;
  std::int64_t since_ = 0;
  std::int64_t first_since_ = 0;                  // the first run left out older items
  std::map<std::string, std::uint64_t> records_;  // how often each item was delivered
  std::uint64_t moves_ = 0;                       // how often the window has moved
  std::map<std::string, std::uint64_t> moved_;    // the move that first passed each item
  std::vector<std::unique_ptr<Actor>> runs_;
};

TEST(NewsModelTest, NothingIsLostDoubledOrBeyondTheClock) {
  DriveModel<NewsWorld>(100'000, 200);
}

}  // namespace
}  // namespace steamflow::test
