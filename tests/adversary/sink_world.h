#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "sink_store.h"

namespace steamflow::test {

// The flags of one run of a sink, and the store that it fills.
struct SinkSettings {
  std::size_t store = 0;
  std::vector<std::string> topics{"a", "b"};
  std::string shard;
  std::optional<std::uint64_t> max_records;
  bool accept_gap = false;
  bool accept_refusals = false;
};

using Place = std::pair<std::string, std::int32_t>;  // a topic and its partition

// Two topics with two partitions each, two stores, and the invariants of these.
class SinkWorld {
 public:
  static constexpr std::size_t kStores = 2;  // the first stores positions and rows in a transaction

  struct Record {
    std::int64_t offset = 0;
    std::int64_t timestamp_ms = 0;
    std::string event_id;
    std::string value;

    bool is_poison() const { return value == "poison"; }
  };
  struct Log {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    std::vector<Record> records;  // from `begin` to `end`
  };
  struct Topic {
    std::uint64_t incarnation = 0;
    bool is_hidden = false;     // the leaders do not respond
    bool is_forbidden = false;  // the topic may not be read
    std::array<Log, 2> logs;
  };
  struct Stored {
    SinkPosition position;
    std::uint64_t incarnation = 0;
  };
  // Identifies a record that a store has taken, as a row or as a dead letter. Store::committed has
  // the number of the store's commit that took it.
  using Key = std::tuple<std::string, std::int32_t, std::int64_t, std::string>;
  struct Store {
    std::map<Place, Stored> positions;
    std::set<std::pair<std::string, std::string>> rows;  // by topic and event id
    std::set<Key> letters;
    std::map<Key, std::size_t> committed;
    std::size_t commits = 0;
  };

  void Append(std::uint32_t which, std::uint32_t kind) {
    Topic& topic = topics_[Name(which)];
    Log& log = topic.logs[(which / 2) % 2];
    if (log.records.size() >= 60) return;
    clock_ms_ += kind % 3;  // so some records have the same time
    Record record{log.end++, clock_ms_, fmt::format("e/{}", ++last_id_), "{}"};
    if (kind % 10 == 0) record.value = "poison";
    if (kind % 10 == 1 || kind % 10 == 3) record.value = R"({"refuse":1})";
    if (kind % 10 == 2 && !log.records.empty()) record.event_id = log.records.back().event_id;
    log.records.push_back(std::move(record));
  }
  void DeleteHead(std::uint32_t which, std::int64_t count) {
    Topic& topic = topics_[Name(which)];
    Log& log = topic.logs[(which / 2) % 2];
    // If a topic was recreated and now begins exactly at a stored position, a sink cannot notice.
    for (const Store& store : stores_) {
      const auto found = store.positions.find({Name(which), (which / 2) % 2});
      if (found != store.positions.end() && found->second.incarnation != topic.incarnation) return;
    }
    ++losses_;
    count = std::min(count, log.end - log.begin);
    log.begin += count;
    log.records.erase(log.records.begin(), log.records.begin() + count);
  }
  void MakeAnew(std::uint32_t which) {
    Topic& topic = topics_[Name(which)];
    ++losses_;
    topic = Topic{.incarnation = topic.incarnation + 1, .logs = {}};
    ++clock_ms_;
  }
  void Hide(std::uint32_t which) { topics_[Name(which)].is_hidden = true; }
  void Forbid(std::uint32_t which) { topics_[Name(which)].is_forbidden = true; }
  void HealAll() {
    for (auto& [name, topic] : topics_) topic.is_hidden = topic.is_forbidden = false;
  }

  // Returns whether each position of the store belongs to the current topics, and nothing was
  // deleted unread.
  bool AreConfirmed(std::size_t store) {
    for (const auto& [place, stored] : stores_[store].positions) {
      const Topic& topic = topics_[place.first];
      const Log& log = topic.logs[static_cast<std::size_t>(place.second)];
      const SinkPosition& position = stored.position;
      if (position.offset < log.begin || position.offset > log.end) return false;
      if (stored.incarnation != topic.incarnation && position.offset > 0) return false;
    }
    return true;
  }

  bool IsTaken(const Store& store, const Place& place, const Record& record) const {
    return store.rows.contains({place.first, record.event_id}) ||
           store.letters.contains({place.first, place.second, record.offset, record.event_id});
  }

  void CheckAllIsThere(std::size_t store) {
    for (const auto& [name, topic] : topics_) {
      for (std::int32_t id = 0; id < 2; ++id) {
        for (const Record& record : topic.logs[static_cast<std::size_t>(id)].records) {
          if (!IsTaken(stores_[store], {name, id}, record)) {
            throw std::logic_error(fmt::format("{}/{}/{} is lost", name, id, record.offset));
          }
        }
      }
    }
  }

  std::size_t losses() const { return losses_; }  // how often Kafka has lost something
  std::size_t commits(std::size_t store) const { return stores_[store].commits; }
  Store& store(std::size_t number) { return stores_[number]; }
  Topic& topic(const std::string& name) { return topics_.at(name); }

 private:
  static std::string Name(std::uint32_t which) { return which % 2 == 0 ? "a" : "b"; }

  std::map<std::string, Topic> topics_{{"a", {}}, {"b", {}}};
  std::array<Store, kStores> stores_;
  std::int64_t clock_ms_ = 1'790'000'000'000;
  std::uint64_t last_id_ = 0;
  std::size_t losses_ = 0;
};

}  // namespace steamflow::test
