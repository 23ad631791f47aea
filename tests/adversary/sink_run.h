#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "dead_letter_output.h"
#include "message_reader.h"
#include "model.h"
#include "result.h"
#include "shard.h"
#include "sink_world.h"

namespace steamflow::test {

// Kafka, the store and the dead letters as one run uses them. Each request and change is an effect.
class SinkRun {
 public:
  SinkRun(SinkWorld& world, Actor& self, const SinkSettings& settings)
      : world_(world), self_(self), settings_(settings), letters_(*this), store_(*this) {}

  SinkStore& store() { return store_; }
  DeadLetterOutput& letters() { return letters_; }
  std::unique_ptr<MessageReader> Open() { return std::make_unique<Reader>(*this, false); }
  std::unique_ptr<MessageReader> OpenChecker() { return std::make_unique<Reader>(*this, true); }

  // Checks that a successful run has taken everything that existed when it began, and no more than
  // it may.
  void CheckSuccess(const DrainResult& result) const {
    if (settings_.max_records) {
      if (result.records() > *settings_.max_records) throw std::logic_error("too many records");
      return;
    }
    for (const auto& [place, seen] : seen_) {
      const SinkWorld::Topic& topic = world_.topic(place.first);
      if (topic.incarnation != seen.incarnation) continue;
      for (const auto& record : topic.logs[static_cast<std::size_t>(place.second)].records) {
        if (record.offset >= seen.end || world_.IsTaken(state(), place, record)) continue;
        throw std::logic_error(fmt::format("the run succeeded without {}/{}/{}", place.first,
                                           place.second, record.offset));
      }
    }
  }

 private:
  struct Seen {
    std::uint64_t incarnation = 0;
    std::int64_t begin = 0;  // as this run saw it last
    std::int64_t end = 0;    // as this run saw it first
  };

  class Reader : public MessageReader {
   public:
    Reader(SinkRun& run, bool is_checker) : run_(run), is_checker_(is_checker) {}

    KafkaResults<std::vector<KafkaPartition>> Partitions(
        const std::vector<std::string>& topics) override {
      KafkaResults<std::vector<KafkaPartition>> found;
      for (const std::string& topic : topics) {
        found.push_back(std::vector<KafkaPartition>{{topic, 0, "x"}, {topic, 1, "x"}});
      }
      return found;
    }

    KafkaResults<KafkaRange> Ranges(const std::vector<KafkaPartition>& partitions) override {
      return run_.self_.Effect([&] {
        KafkaResults<KafkaRange> ranges;
        for (const auto& [name, id, leader] : partitions) {
          const SinkWorld::Topic& topic = run_.world_.topic(name);
          const SinkWorld::Log& log = topic.logs[static_cast<std::size_t>(id)];
          if (!is_checker_) Look({name, id}, topic, log);
          if (topic.is_hidden) {
            ranges.push_back(tl::unexpected(TaskError(ExitCode::kTransient, name + " is hidden")));
          } else {
            ranges.push_back(KafkaRange{log.begin, log.end});
          }
        }
        return ranges;
      });
    }

    std::optional<std::int64_t> HighWatermark(const KafkaPartition&) override { return {}; }

    void Start(const std::vector<KafkaPartition>& partitions,
               const std::vector<std::int64_t>& offsets) override {
      reading_.clear();
      for (std::size_t i = 0; i < partitions.size(); ++i) {
        reading_.push_back({{partitions[i].topic, partitions[i].id}, offsets[i], false});
      }
    }
    void Pause(std::size_t partition) override { reading_[partition].is_paused = true; }

    const KafkaRead& Read(std::size_t, std::chrono::milliseconds, const OnMessage& take) override {
      read_ = {};
      run_.self_.Effect([&] {
        for (std::size_t i = 0; i < reading_.size(); ++i) ReadOne(i, take);
        return 0;
      });
      return read_;
    }
    const std::string& trouble() const override { return trouble_; }

   private:
    void Look(const Place& place, const SinkWorld::Topic& topic, const SinkWorld::Log& log) {
      Seen& seen = run_.seen_.try_emplace(place, Seen{topic.incarnation, 0, log.end}).first->second;
      seen.begin = log.begin;
      if (seen.incarnation != topic.incarnation) seen.end = 0;  // left to the next run
      seen.incarnation = topic.incarnation;
    }

    struct Reading {
      Place place;
      std::int64_t next = 0;
      bool is_paused = false;
    };

    void ReadOne(std::size_t i, const OnMessage& take) {
      auto& [place, next, is_paused] = reading_[i];
      if (is_paused) return;
      const SinkWorld::Topic& topic = run_.world_.topic(place.first);
      const SinkWorld::Log& log = topic.logs[static_cast<std::size_t>(place.second)];
      // As in Kafka, nothing shows that the topic was deleted and created again.
      if (topic.is_forbidden) {
        read_.refusals.push_back({i, TaskError(ExitCode::kAuth, place.first + " is forbidden")});
      } else if (next < log.begin || next > log.end) {
        read_.gaps.push_back(i);
      } else if (next >= log.end) {
        read_.ends.push_back({i, next});
      } else {
        const auto& record = log.records[static_cast<std::size_t>(next++ - log.begin)];
        KafkaMessage message{.partition = i, .offset = record.offset};
        message.timestamp_ms = record.timestamp_ms;
        message.key = "k";
        message.value = record.value;
        message.event_id = record.event_id;
        if (!is_checker_) {
          run_.read_from_[{place.first, place.second, record.offset, record.event_id}] =
              topic.incarnation;
        }
        take(message);
      }
    }

    SinkRun& run_;
    const bool is_checker_;
    std::vector<Reading> reading_;
    KafkaRead read_;
    const std::string trouble_;
  };

  class DeadLetterList : public DeadLetterOutput {
   public:
    explicit DeadLetterList(SinkRun& run) : run_(run) {}
    void Await() override {}
    void Write(const DeadLetterMessage& letter) override {
      queued_.push_back({std::string(letter.source_topic), letter.source_partition.value(),
                         letter.source_offset.value(), std::string(letter.event_id)});
    }
    void Send() override {
      const auto queued = std::exchange(queued_, {});
      run_.self_.Effect([&] {
        for (const SinkWorld::Key& key : queued) {
          run_.CheckIsNew(key);
          run_.state().letters.insert(key);
        }
        return 0;
      });
    }

   private:
    SinkRun& run_;
    std::vector<SinkWorld::Key> queued_;
  };

  class Batch : public SinkBatch {
   public:
    explicit Batch(SinkRun& run) : run_(run) {}

    void Add(const ConsumedRecord& record) override {
      const ConsumedMessage& message = record.message;
      taken_.push_back({{std::string(message.topic), message.partition, message.offset,
                         std::string(*message.event_id)},
                        message.timestamp_ms,
                        std::string(*message.value)});
    }
    bool IsFull() const override { return taken_.size() >= 4; }
    void Clear() override { taken_.clear(); }

    std::optional<Stored> Store(const std::vector<PositionMove>& moves,
                                BatchDeadLetters& letters) override {
      const bool is_in_one = run_.settings_.store == 0;
      for (const Taken& taken : taken_) ++run_.tried_[std::get<0>(taken.key)];
      if (is_in_one && !run_.self_.Effect([&] { return run_.Stand(moves); })) return std::nullopt;
      Stored stored;
      if (!is_in_one) run_.self_.Effect([&] { return Insert(stored), 0; });
      for (const auto& [key, timestamp_ms, value] : taken_) {
        if (!IsRefused(value)) continue;
        const auto& [topic, partition, offset, event_id] = key;
        letters.Refuse({topic, partition, offset, timestamp_ms, event_id, "k", value}, {}, "22003",
                       "it is refused");
        run_.CheckFuse(topic);
      }
      letters.Send();
      const bool is_moved = run_.self_.Effect([&] {
        if (!run_.Stand(moves)) return false;
        if (is_in_one) Insert(stored);
        run_.Commit(moves);
        return true;
      });
      return is_moved ? std::optional(stored) : std::nullopt;
    }

   private:
    struct Taken {
      SinkWorld::Key key;
      std::optional<std::int64_t> timestamp_ms;
      std::string value;
    };
    static bool IsRefused(const std::string& value) {
      return value.find("refuse") != std::string::npos;
    }

    void Insert(Stored& stored) {
      for (const auto& [key, timestamp_ms, value] : taken_) {
        if (IsRefused(value)) continue;
        run_.CheckIsNew(key);
        const bool is_new = run_.state().rows.emplace(std::get<0>(key), std::get<3>(key)).second;
        ++(is_new ? stored.inserted : stored.duplicates);
      }
    }

    SinkRun& run_;
    std::vector<Taken> taken_;
  };

  class Store : public SinkStore {
   public:
    explicit Store(SinkRun& run) : run_(run) {}
    std::string type() const override { return "model"; }
    std::vector<std::optional<SinkPosition>> Positions(
        const std::vector<KafkaPartition>& partitions) override {
      return run_.self_.Effect([&] {
        run_.commits_seen_ = run_.state().commits;
        std::vector<std::optional<SinkPosition>> positions;
        for (const auto& [topic, id, leader] : partitions) {
          const auto found = run_.state().positions.find({topic, id});
          positions.push_back(found == run_.state().positions.end()
                                  ? std::nullopt
                                  : std::optional(found->second.position));
        }
        return positions;
      });
    }
    std::vector<KafkaPartition> StoredPartitions(const std::vector<std::string>& topics) override {
      return run_.self_.Effect([&] {
        std::vector<KafkaPartition> stored;
        for (const auto& [place, position] : run_.state().positions) {
          const auto& [topic, id] = place;
          const bool is_asked = std::find(topics.begin(), topics.end(), topic) != topics.end();
          if (is_asked && position.position.offset > 0) stored.push_back({topic, id, {}});
        }
        return stored;
      });
    }
    std::unique_ptr<SinkBatch> MakeBatch() override { return std::make_unique<Batch>(run_); }

   private:
    SinkRun& run_;
  };

  SinkWorld::Store& state() const { return world_.store(settings_.store); }

  // Returns the incarnation of the topic to which a new position belongs. It is that of the topic's
  // last record if this run has read it.
  std::uint64_t IncarnationOf(const Place& place, const SinkPosition& position) const {
    if (!position.last) return seen_.at(place).incarnation;
    const auto found = read_from_.find(
        {place.first, place.second, position.last->offset, position.last->event_id});
    return found == read_from_.end() ? seen_.at(place).incarnation : found->second;
  }

  // Returns whether the stored positions are the `from` of all moves.
  bool Stand(const std::vector<PositionMove>& moves) const {
    for (const PositionMove& move : moves) {
      const auto found = state().positions.find({move.partition.topic, move.partition.id});
      const bool is_there = found != state().positions.end();
      if (is_there != move.from.has_value()) return false;
      if (is_there && found->second.position != *move.from) return false;
    }
    return true;
  }

  void Commit(const std::vector<PositionMove>& moves) {
    SinkWorld::Store& store = state();
    ++store.commits;
    for (const PositionMove& move : moves) {
      const Place place{move.partition.topic, move.partition.id};
      const Shard shard = ParseShard(settings_.shard).value_or(Shard{});
      if (static_cast<std::uint64_t>(place.second) % shard.count != shard.index) {
        throw std::logic_error("a position of another shard was moved");
      }
      const Seen& seen = seen_.at(place);
      if (move.from && move.from->offset < seen.begin && !settings_.accept_gap) {
        throw std::logic_error("the run passed over a gap");
      }
      const std::uint64_t incarnation = IncarnationOf(place, move.to);
      store.positions[place] = {move.to, incarnation};
      const SinkWorld::Topic& topic = world_.topic(place.first);
      if (topic.incarnation != incarnation) continue;
      for (const auto& record : topic.logs[static_cast<std::size_t>(place.second)].records) {
        if (record.offset >= move.to.offset) break;
        if (!world_.IsTaken(store, place, record)) {
          throw std::logic_error(
              fmt::format("{}/{}: the position {} is beyond the stored records, {}", place.first,
                          place.second, move.to.offset, record.offset));
        }
        store.committed.try_emplace({place.first, place.second, record.offset, record.event_id},
                                    store.commits);
      }
    }
  }

  // Checks the fuse after the store has refused another record of a topic.
  void CheckFuse(const std::string& topic) {
    const std::uint64_t refused = ++refused_[topic];
    if (settings_.accept_refusals || refused <= 10 || refused * 10 <= tried_[topic]) return;
    throw std::logic_error("the fuse does not blow");
  }

  // Checks that this run does not take a record that a position had passed when the run read it.
  void CheckIsNew(const SinkWorld::Key& key) const {
    const auto found = state().committed.find(key);
    if (found == state().committed.end() || found->second > commits_seen_) return;
    throw std::logic_error(fmt::format("{}/{}/{} was delivered again", std::get<0>(key),
                                       std::get<1>(key), std::get<2>(key)));
  }

  SinkWorld& world_;
  Actor& self_;
  const SinkSettings settings_;
  std::map<Place, Seen> seen_;
  std::map<SinkWorld::Key, std::uint64_t> read_from_;  // the incarnation of each record's topic
  std::size_t commits_seen_ = 0;
  std::map<std::string, std::uint64_t> tried_;  // by topic
  std::map<std::string, std::uint64_t> refused_;
  DeadLetterList letters_;
  Store store_;
};

}  // namespace steamflow::test
