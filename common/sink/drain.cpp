#include "drain.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>

#include "flags.h"
#include "malloc_tuning.h"
#include "progress.h"
#include "shard.h"
#include "topics_file.h"

namespace steamflow {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostAtOnce = 500;        // messages of one read
constexpr std::size_t kMostDeadLetters = 1000;  // of a batch
constexpr std::size_t kMostDeadLetterBytes = 4U << 20U;
constexpr milliseconds kLongestWait(50);   // for a message, until signals are looked at
constexpr milliseconds kLongestFill(200);  // of a batch, so that the first records are soon seen

// A partition on its way to the end that it had at the start.
struct Way {
  KafkaPartition partition;
  std::size_t topic = 0;  // its number
  KafkaRange range;
  std::optional<std::int64_t> stored;
  std::optional<std::int64_t> handed;  // stored, once all batches handed over are
  std::int64_t next = 0;               // the offset to read next
  bool has_gap = false;
  bool is_paused = false;

  bool is_done() const { return has_gap || next >= range.end; }
  std::int64_t lag() const {
    return std::max<std::int64_t>(range.end - stored.value_or(range.begin), 0);
  }
};

// A batch with all that is stored and counted with it.
struct Load {
  std::unique_ptr<SinkBatch> batch;
  BatchDeadLetters letters;
  std::vector<std::uint64_t> records;  // of each topic
  std::vector<OffsetMove> moves;
  std::vector<std::size_t> moved;  // the number of each move's way
  Clock::duration duration{};      // of storing it

  bool IsFull() const {
    return batch->IsFull() || letters.count() >= kMostDeadLetters ||
           letters.bytes() >= kMostDeadLetterBytes;
  }
  void Clear(std::size_t topics) {
    batch->Clear();
    letters.Shorten(0);
    records.assign(topics, 0);
    moves.clear();
    moved.clear();
  }
};

using Storing = std::future<std::optional<SinkBatch::Stored>>;

bool IsReady(const Storing& storing) {
  return !storing.valid() || storing.wait_for(milliseconds(0)) == std::future_status::ready;
}

}  // namespace

void DrainOptions::AddTo(const Flags& flags) {
  const Flags own = flags.Under("Drain");
  own.Add("--topic", topics, "Kafka topic");
  own.Add("--max-records", max_records, "Most records of a run, over all topics")
      .Range(std::uint64_t{1}, std::uint64_t{1} << 53U);
  own.Add("--shard", shard, kShardHelp).Check(CheckShard);
  own.Add("--accept-gap", accept_gap,
          "Where Kafka no longer has the stored offset, go on from the first that it has");
  kafka.AddTo(flags);
}

void CheckTopics(const std::vector<std::string>& topics) {
  for (const std::string& topic : topics) {
    const bool is_twice = std::count(topics.begin(), topics.end(), topic) > 1;
    if (!is_twice && IsTopicName(topic)) continue;
    throw TaskError(ExitCode::kUsage,
                    fmt::format("--topic: '{}' {}", topic,
                                is_twice ? "is given twice" : "is no name of a topic"));
  }
}

class Drain::Impl {
 public:
  Impl(Run& run, const DrainOptions& options)
      : run_(run),
        options_(options),
        shard_(ParseShard(options.shard).value_or(Shard{})),
        kafka_(ReadKafkaProperties(options.kafka, run.log)) {
    CheckTopics(options.topics);
    for (const std::string& topic : options.topics) done_.topics.push_back({.name = topic});
  }

  void Into(SinkStore& store) {
    KeepFreedMemory();
    done_.store = store.type();
    ShowResult();
    KafkaProducer producer(run_, kafka_);
    DeadLetters dead_letters(run_, producer, [](std::uint64_t, bool) {});
    OpenReader();
    LookAtTopics();
    FindPositions(store);
    dead_letters.Await();

    Load loads[2]{{store.MakeBatch(), BatchDeadLetters(producer, dead_letters)},
                  {store.MakeBatch(), BatchDeadLetters(producer, dead_letters)}};
    Progress progress(run_.log, static_cast<std::uint64_t>(Lag()));
    progress_ = &progress;
    while (!ReadAndStore(loads)) {
      OpenReader();
      LookAgain();
      FindPositions(store);
    }
    ThrowUnlessComplete();
  }

 private:
  void OpenReader() { reader_.emplace(kafka_, "steamflow-" + done_.store, run_.stop); }

  void LookAtTopics() {
    std::vector<KafkaPartition> mine;
    for (auto& partition : reader_->Partitions(options_.topics)) {
      if (static_cast<std::uint64_t>(partition.id) % shard_.count != shard_.index) continue;
      mine.push_back(std::move(partition));
    }
    const auto ranges = reader_->Ranges(mine);
    for (std::size_t i = 0; i < mine.size(); ++i) {
      const auto topic = std::find(options_.topics.begin(), options_.topics.end(), mine[i].topic);
      Way& way = ways_.emplace_back();
      way.topic = static_cast<std::size_t>(topic - options_.topics.begin());
      way.partition = std::move(mine[i]);
      way.range = ranges[i];
    }
  }

  // What was deleted meanwhile is not waited for. The ends stay those of the start.
  void LookAgain() {
    std::vector<KafkaPartition> partitions;
    for (const Way& way : ways_) partitions.push_back(way.partition);
    const auto ranges = reader_->Ranges(partitions);
    for (std::size_t i = 0; i < ways_.size(); ++i) {
      ways_[i].range = {ranges[i].begin, std::min(ways_[i].range.end, ranges[i].end)};
    }
  }

  // Begins each way where the store has it.
  void FindPositions(SinkStore& store) {
    std::vector<KafkaPartition> partitions;
    for (const Way& way : ways_) partitions.push_back(way.partition);
    const auto stored = store.StoredOffsets(partitions);
    for (std::size_t i = 0; i < ways_.size(); ++i) {
      Way& way = ways_[i];
      if (way.has_gap) continue;
      way.stored = way.handed = stored[i];
      way.next = stored[i].value_or(way.range.begin);
      way.is_paused = false;
      if (way.next < way.range.begin || (way.stored && *way.stored > way.range.end)) OnGap(way);
    }
    ShowResult();
  }

  void OnGap(Way& gap) {
    const std::string what =
        fmt::format("{}/{}: the stored offset is {}, and Kafka has those from {} to {}: {}",
                    gap.partition.topic, gap.partition.id, gap.next, gap.range.begin, gap.range.end,
                    gap.next < gap.range.begin ? "records were deleted before they were read"
                                               : "the topic was made anew, or has lost records");
    if (options_.accept_gap) {
      run_.log.Warning(what);
      gap.next = gap.range.begin;
      return;
    }
    gaps_.emplace_back(ExitCode::kData,
                       fmt::format("{}; --accept-gap goes on from {}", what, gap.range.begin));
    for (Way& way : ways_) {
      if (way.topic == gap.topic) way.has_gap = true;  // nothing of it changes
    }
  }

  // False where positions must be found anew: another sink has moved the stored offsets, or Kafka
  // no longer has what was to be read.
  bool ReadAndStore(Load (&loads)[2]) {
    StartReading();
    Load* filling = &loads[0];
    Load* handed = &loads[1];
    Storing storing;
    std::optional<TaskError> read_error;
    for (bool has_more = true; has_more;) {
      filling->Clear(done_.topics.size());
      try {
        has_more = Fill(*filling, storing);
      } catch (const TaskError& error) {  // what was read before it is stored all the same
        read_error = error;
        has_more = false;
      }
      filling->batch->Stage();
      if (storing.valid() && !Settle(*handed, storing)) return false;
      if (is_cut_short_ || !NoteMoves(*filling)) continue;
      std::swap(filling, handed);
      storing = std::async(std::launch::async, [load = handed] {
        const auto begun = Clock::now();
        auto stored = load->batch->Store(load->moves, load->letters);
        load->duration = Clock::now() - begun;
        return stored;
      });
    }
    if (storing.valid() && !Settle(*handed, storing)) return false;
    if (read_error) throw *read_error;
    return !has_lost_place_;
  }

  void StartReading() {
    has_lost_place_ = false;
    reading_.clear();
    std::vector<KafkaPartition> partitions;
    std::vector<std::int64_t> offsets;
    for (std::size_t i = 0; i < ways_.size(); ++i) {
      if (ways_[i].is_done()) continue;
      reading_.push_back(i);
      partitions.push_back(ways_[i].partition);
      offsets.push_back(ways_[i].next);
    }
    if (!partitions.empty()) reader_->Start(partitions, offsets);
  }

  bool IsOver() const {
    return run_.stop.Requested() || has_lost_place_ || HasMostRecords() ||
           std::all_of(ways_.begin(), ways_.end(), [](const Way& way) { return way.is_done(); });
  }
  bool HasMostRecords() const { return options_.max_records > 0 && taken_ >= options_.max_records; }

  // Reads until the load should be handed over. False where there is no more to read.
  bool Fill(Load& load, const Storing& storing) {
    std::optional<Clock::time_point> begun;
    while (!IsOver()) {
      const bool is_late = begun && Clock::now() - *begun > kLongestFill;
      if (load.IsFull() || (is_late && IsReady(storing))) return true;
      const KafkaRead& read =
          reader_->Read(kMostAtOnce, kLongestWait, [&](const KafkaMessage& message) {
            if (!begun) begun = Clock::now();
            Take(message, load);
          });
      if (HasMostRecords()) return false;  // an end may lie behind messages that were not taken
      for (const KafkaRead::End& end : read.ends) {
        Way& way = ways_[reading_[end.partition]];
        way.next = std::max(way.next, std::min(end.offset, way.range.end));
      }
      has_lost_place_ = !read.gaps.empty();
    }
    return false;
  }

  void Take(const KafkaMessage& message, Load& load) {
    Way& way = ways_[reading_[message.partition]];
    if (message.offset < way.next || way.is_paused || HasMostRecords()) return;
    if (message.offset >= way.range.end) {
      way.next = way.range.end;
      way.is_paused = true;
      return reader_->Pause(message.partition);
    }
    way.next = message.offset + 1;
    ++taken_;
    ++load.records[way.topic];
    const ConsumedMessage as_taken{.topic = way.partition.topic,
                                   .partition = way.partition.id,
                                   .offset = message.offset,
                                   .timestamp_ms = message.timestamp_ms,
                                   .event_id = message.Header("event_id"),
                                   .key = message.key,
                                   .value = message.value};
    const auto record = parser_.Parse(as_taken);
    if (record) {
      load.batch->Add(*record);
    } else {
      load.letters.Add(as_taken, message.Headers(), record.error());
    }
  }

  // How far storing the load moves the offsets. False where there is nothing to store.
  bool NoteMoves(Load& load) {
    for (std::size_t i = 0; i < ways_.size(); ++i) {
      Way& way = ways_[i];
      if (way.has_gap || way.handed == way.next) continue;
      load.moves.push_back({way.partition, way.handed, way.next});
      load.moved.push_back(i);
      way.handed = way.next;
    }
    return !load.moves.empty();
  }

  // Waits for the load to be stored, and counts it. False where another sink was faster.
  bool Settle(const Load& load, Storing& storing) {
    std::optional<SinkBatch::Stored> stored;
    try {
      stored = storing.get();
    } catch (const TaskError& error) {
      // A run that got on ends well where the deadline comes in the middle of a batch.
      is_cut_short_ = error.code() == ExitCode::kTransient && done_.records() > 0 &&
                      Clock::now() >= run_.stop.work_until();
      if (!is_cut_short_) throw;
      return true;
    }
    if (!stored) return false;
    done_.inserted += stored->inserted;
    done_.duplicates += stored->duplicates;
    done_.dead_letters += load.letters.count();
    done_.batch_durations.Add(load.duration);
    for (std::size_t i = 0; i < load.records.size(); ++i) {
      done_.topics[i].records += load.records[i];
    }
    for (std::size_t i = 0; i < load.moved.size(); ++i) {
      ways_[load.moved[i]].stored = load.moves[i].to;
    }
    ShowResult();
    progress_->Show(done_.records(), 0);
    return true;
  }

  std::int64_t Lag() const {
    std::int64_t lag = 0;
    for (const Way& way : ways_) lag += way.lag();
    return lag;
  }

  // So that a run that fails tells what it has done.
  void ShowResult() {
    for (DrainResult::Topic& topic : done_.topics) topic.partitions = topic.lag = 0;
    for (const Way& way : ways_) {
      DrainResult::Topic& topic = done_.topics[way.topic];
      ++topic.partitions;
      topic.lag += static_cast<std::uint64_t>(way.lag());
    }
    run_.result.drain = done_;
  }

  void ThrowUnlessComplete() const {
    run_.stop.ThrowIfSignalled();
    if (!gaps_.empty()) throw Combine(gaps_);
    if (Lag() > 0 && done_.records() == 0 && !HasMostRecords()) {
      throw TaskError(ExitCode::kTransient,
                      fmt::format("reading Kafka: the deadline came before the first record{}{}",
                                  reader_->trouble().empty() ? "" : ": ", reader_->trouble()));
    }
  }

  Run& run_;
  const DrainOptions& options_;
  const Shard shard_;
  const KafkaProperties kafka_;
  ConsumedRecordParser parser_;
  std::optional<KafkaReader> reader_;
  std::vector<Way> ways_;
  std::vector<std::size_t> reading_;  // the way of each partition that the reader was given
  bool has_lost_place_ = false;
  bool is_cut_short_ = false;
  std::vector<TaskError> gaps_;
  std::uint64_t taken_ = 0;  // records read
  Progress* progress_ = nullptr;
  DrainResult done_;  // what is stored for good
};

Drain::Drain(Run& run, const DrainOptions& options) : impl_(std::make_unique<Impl>(run, options)) {}
Drain::~Drain() = default;

void Drain::Into(SinkStore& store) {
  impl_->Into(store);
}

}  // namespace steamflow
