#include "drain.h"

#include <fmt/format.h>

#include <algorithm>

#include "kafka_admin.h"
#include "kafka_reader.h"
#include "malloc_tuning.h"

namespace steamflow {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostAtOnce = 500;       // messages in one read
constexpr milliseconds kLongestWait(50);       // for a message, before signals are checked
constexpr milliseconds kLongestSilence(1000);  // before checking that the topics still exist
constexpr milliseconds kLongestFill(200);  // per batch, so that the first records are soon stored

bool IsReady(const DrainBatch::Storing& storing) {
  return !storing.valid() || storing.wait_for(milliseconds(0)) == std::future_status::ready;
}

}  // namespace

Drain::Drain(Run& run, const DrainOptions& options)
    : run_(run),
      options_(options),
      kafka_(ReadKafkaProperties(options.kafka, run.log)),
      fuse_("the store",
            "nothing of this batch is stored; --accept-refusals makes them dead letters",
            options.accept_refusals),
      partitions_(options, run,
                  [this](const std::string& topic) { return surroundings_->is_compacted(topic); }) {
  CheckTopics(options.topics);
  for (const std::string& topic : options.topics) done_.topics.push_back({.name = topic});
}

void Drain::Into(SinkStore& store) {
  KafkaDeadLetterOutput letters(run_, kafka_);
  const std::string group = "steamflow-" + store.type();
  KafkaProperties few = kafka_;  // it reads one message of a partition at a time
  few.insert(few.end(), {{"fetch.message.max.bytes", "1024"}, {"queued.min.messages", "1"}});
  Into(store, {.open = [&] { return std::make_unique<KafkaReader>(kafka_, group, run_.stop); },
               .open_checker = [&] { return std::make_unique<KafkaReader>(few, group, run_.stop); },
               .is_compacted = [this](const std::string& topic) { return IsCompacted(topic); },
               .letters = letters});
}

void Drain::Into(SinkStore& store, const DrainSurroundings& surroundings) {
  KeepFreedMemory();
  surroundings_ = &surroundings;
  done_.store = store.type();
  ShowResult();
  reader_ = surroundings.open();
  partitions_.Look(*reader_);
  FindPositions(store);
  surroundings.letters.Await();

  DrainBatch batches[2]{{store, BatchDeadLetters(surroundings.letters, fuse_)},
                        {store, BatchDeadLetters(surroundings.letters, fuse_)}};
  Progress progress(run_.log, static_cast<std::uint64_t>(partitions_.lag()));
  progress_line_ = &progress;
  while (!ReadAndStore(batches)) {
    reader_ = surroundings.open();
    checker_.reset();
    partitions_.LookAgain(*reader_);
    FindPositions(store);
  }
  ThrowUnlessComplete();
}

void Drain::FindPositions(SinkStore& store) {
  partitions_.FindPositions(*reader_, store);
  ShowResult();
}

bool Drain::IsCompacted(const std::string& topic) const {
  try {
    KafkaAdmin admin(kafka_, run_.stop, run_.stop.work_until());
    const auto configs = admin.DescribeConfigs({topic}, std::nullopt);
    const auto config = configs.find(topic);
    if (config == configs.end()) return false;
    const auto policy = config->second.find("cleanup.policy");
    return policy != config->second.end() &&
           policy->second.value.find("compact") != std::string::npos;
  } catch (const TaskError& error) {  // false is the safe answer: a person has to judge the gap
    run_.log.Warning(fmt::format("reading cleanup.policy of {}: {}", topic, error.what()));
    return false;
  }
}

bool Drain::ReadAndStore(DrainBatch (&batches)[2]) {
  StartReading();
  DrainBatch* filling = &batches[0];
  DrainBatch* handed = &batches[1];
  DrainBatch::Storing storing;
  std::optional<TaskError> read_error;
  for (bool has_more = true; has_more;) {
    filling->Clear(done_.topics.size());
    try {
      has_more = Fill(*filling, storing);
    } catch (const TaskError& error) {  // thrown later: what was read before it is still stored
      read_error = error;
      has_more = false;
    }
    filling->Stage();
    if (storing.valid() && !Settle(*handed, storing)) return false;
    if (is_cut_short_ || !AddMoves(*filling)) continue;
    if (!partitions_.AreConfirmed(Checker(), filling->moved())) {
      // At the end of the work there is no time to ask.
      is_cut_short_ =
          run_.stop.Signal() != 0 || Clock::now() + kLongestWait >= run_.stop.work_until();
      if (is_cut_short_) continue;
      partitions_.LookForDeleted(*reader_);
      return false;
    }
    std::swap(filling, handed);
    storing = handed->Store(fuse_, options_.topics, surroundings_->storing);
  }
  if (storing.valid() && !Settle(*handed, storing)) return false;
  if (read_error) throw *read_error;
  return !has_lost_place_;
}

void Drain::StartReading() {
  has_lost_place_ = false;
  reading_.clear();
  std::vector<KafkaPartition> partitions;
  std::vector<std::int64_t> offsets;
  for (std::size_t i = 0; i < partitions_.all().size(); ++i) {
    const PartitionProgress& partition = partitions_.all()[i];
    if (partition.is_done()) continue;
    reading_.push_back(i);
    partitions.push_back(partition.partition);
    offsets.push_back(partition.next.offset);
  }
  if (partitions.empty()) return;
  reader_->Start(partitions, offsets);
  Checker();  // begins to connect
}

MessageReader& Drain::Checker() {
  if (!checker_) checker_ = surroundings_->open_checker();
  return *checker_;
}

bool Drain::IsOver() const {
  return run_.stop.Requested() || has_lost_place_ || HasMostRecords() || partitions_.are_done();
}
bool Drain::HasMostRecords() const {
  return options_.max_records && taken_ >= *options_.max_records;
}

bool Drain::Fill(DrainBatch& batch, const DrainBatch::Storing& storing) {
  std::optional<Clock::time_point> begun;
  auto heard = Clock::now();
  while (!IsOver()) {
    const bool is_late = begun && Clock::now() - *begun > kLongestFill;
    if (batch.IsFull() || (is_late && IsReady(storing))) return true;
    const KafkaRead& read =
        reader_->Read(kMostAtOnce, kLongestWait, [&](const KafkaMessage& message) {
          if (!begun) begun = Clock::now();
          heard = Clock::now();
          Take(message, batch);
        });
    // librdkafka may keep asking for a deleted topic without reporting an error.
    if (Clock::now() - heard > kLongestSilence) {
      partitions_.LookForDeleted(*reader_);
      heard = Clock::now();
    }
    if (HasMostRecords()) return false;  // an end may lie after messages that were not taken
    for (const KafkaRead::End& end : read.ends) {
      ReadAt(end.partition).PassTo(end.offset);
    }
    for (const auto& [partition, error] : read.refusals) {
      partitions_.CutOff(ReadAt(partition).topic, error);
    }
    has_lost_place_ = !read.gaps.empty();
  }
  return false;
}

PartitionProgress& Drain::ReadAt(std::size_t place) {
  return partitions_.all()[reading_[place]];
}

void Drain::Take(const KafkaMessage& message, DrainBatch& batch) {
  PartitionProgress& partition = ReadAt(message.partition);
  if (message.offset < partition.next.offset || partition.is_paused || HasMostRecords()) return;
  if (message.offset >= partition.range.end) {
    partition.PassTo(partition.range.end);
    partition.is_paused = true;
    return reader_->Pause(message.partition);
  }
  ++taken_;
  const ConsumedMessage as_taken = AsConsumed(message, partition.partition);
  partition.Pass(as_taken);
  const auto record = parser_.Parse(as_taken);
  if (record) {
    batch.Add(partition.topic, *record);
  } else {
    batch.AddPoison(partition.topic, as_taken, message.Headers(), record.error());
  }
}

bool Drain::AddMoves(DrainBatch& batch) {
  for (std::size_t i = 0; i < partitions_.all().size(); ++i) {
    if (auto move = partitions_.all()[i].Move()) batch.AddMove(i, std::move(*move));
  }
  return !batch.moves().empty();
}

bool Drain::Settle(const DrainBatch& batch, DrainBatch::Storing& storing) {
  std::optional<SinkBatch::Stored> stored;
  try {
    stored = storing.get();
  } catch (const UnknownOutcome&) {  // a run may succeed only if its counts are complete
    throw;
  } catch (const TaskError& error) {
    // A run that has stored something succeeds even if the deadline interrupts a later batch.
    is_cut_short_ = error.code() == ExitCode::kTransient && done_.records() > 0 &&
                    Clock::now() >= run_.stop.work_until();
    if (!is_cut_short_) throw;
    return true;
  }
  if (!stored) return false;
  done_.inserted += stored->inserted;
  done_.duplicates += stored->duplicates;
  done_.dead_letters += batch.dead_letters();
  done_.batch_durations.Add(batch.duration());
  for (std::size_t i = 0; i < batch.records().size(); ++i) {
    done_.topics[i].records += batch.records()[i];
  }
  for (std::size_t i = 0; i < batch.moves().size(); ++i) {
    partitions_.all()[batch.moved()[i]].Settle(batch.moves()[i].to);
  }
  if (run_.log.Shows(LogLevel::kDebug)) batch.Tell(run_.log, done_.store, *stored);
  ShowResult();
  progress_line_->Show(done_.records(), 0);
  return true;
}

void Drain::ShowResult() {
  partitions_.Count(done_.topics);
  run_.result.drain = done_;
}

void Drain::ThrowUnlessComplete() {
  run_.stop.ThrowIfSignalled();
  const bool is_stuck = partitions_.lag() > 0 && done_.records() == 0 && !HasMostRecords();
  partitions_.AddOpenTransactions(*reader_);
  ShowResult();
  if (is_stuck && partitions_.faults().empty()) {
    throw TaskError(ExitCode::kTransient,
                    fmt::format("reading Kafka: the deadline came before the first record{}{}",
                                reader_->trouble().empty() ? "" : ": ", reader_->trouble()));
  }
  if (!partitions_.faults().empty()) throw Combine(partitions_.faults());
}

}  // namespace steamflow
