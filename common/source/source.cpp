#include "source.h"

#include <fmt/format.h>

#include "kafka_output.h"
#include "progress.h"
#include "timestamp.h"

namespace steamflow {
Source::Source(Run& run, const SourceConfig& config)
    : run_(run),
      redis_(config.redis ? std::make_unique<RedisClient>(*config.redis, run.stop) : nullptr),
      budget_(config.call_budget
                  ? std::make_unique<CallBudget>(*redis_, config.api_key, *config.call_budget)
                  : nullptr),
      fetcher_(run, config.api_key, budget_.get()),
      items_(run.result.source->items) {
  const auto on_delivered = [this](std::uint64_t item, Delivery delivery) {
    items_.Delivered(item, delivery);
  };
  if (config.sink == "kafka") {
    sink_ = MakeKafkaOutput(run, config.kafka, config.topic, on_delivered);
  } else if (config.sink == "none") {
    sink_ = MakeNullOutput(run, config.topic, on_delivered);
  } else {
    sink_ = MakeLineOutput(run, config.topic, config.sink_path, on_delivered);
  }
}

Source::~Source() = default;

// After the sink has failed, the remaining records count as failed without being tried.
template <typename Message>
void Source::SendAny(const Message& message, std::uint64_t item) {
  items_.Sent(item);
  if (sink_error_) return items_.Delivered(item, Delivery::kFailed);
  try {
    sink_->Write(message, item);
  } catch (const TaskError& error) {
    OnSinkError(error);
    items_.Delivered(item, Delivery::kFailed);
  }
}

// If the sink is configured wrongly, no position may move (I7).
void Source::OnSinkError(const TaskError& error) {
  if (error.code() == ExitCode::kConfig) items_.Hold();
  if (!sink_error_) sink_error_ = error;
}

void Source::Send(const Record& record, std::uint64_t item) {
  SendAny(record, item);
}
void Source::Send(const DeadLetter& letter, std::uint64_t item) {
  // The reason may quote an error page in which the server repeats the API key.
  const std::string reason = run_.log.Redact(std::string(letter.reason));
  SendAny(DeadLetter{letter.key, letter.event_id, letter.value, reason}, item);
}

FetchEnd Source::FetchAll(const std::function<std::optional<Fetch>()>& next, std::uint64_t total) {
  Progress progress(run_.log, total);
  try {
    return fetcher_.FetchAll(next, [&] {
      try {
        sink_->Poll();
      } catch (const TaskError& error) {
        OnSinkError(error);
      }
      if (sink_error_) throw *sink_error_;
      progress.Show(items_.done(), run_.result.source->retries);
    });
  } catch (const TaskError& error) {
    return {FetchEnd::Reason::kFatal, error};
  }
}

void Source::Flush() {
  try {
    const auto error = sink_->Flush();
    if (error && !sink_error_) sink_error_ = error;
  } catch (const TaskError& error) {
    OnSinkError(error);
  }
  if (!budget_) return;
  budget_->GiveBack();
  if (const auto left = budget_->left()) run_.result.call_budget = {budget_->limit(), *left};
}

void Source::SendDeadLetters(std::uint64_t item) {
  items_.SentDeadLetters(item);
  try {
    sink_->SendDeadLetters(item);
  } catch (const TaskError& error) {
    OnSinkError(error);
  }
}

void Source::FlushWithDeadLetters() {
  Flush();
  const auto items = items_.AwaitingDeadLetters();
  if (items.empty()) return;
  for (const std::uint64_t item : items) SendDeadLetters(item);
  Flush();
}

void Source::WarnOfRepairs(std::uint64_t repaired) const {
  if (repaired == 0) return;
  run_.log.Warning(
      fmt::format("{} NULs or lone surrogates in strings replaced by U+FFFD", repaired));
}

void Source::ThrowUnlessComplete(const FetchEnd& end,
                                 const std::optional<std::string>& failed) const {
  run_.stop.ThrowIfSignalled();
  if (end.error) throw *end.error;
  if (sink_error_) throw *sink_error_;
  if (failed) {
    // Until the next day the API would be asked for nothing.
    if (end.reason == FetchEnd::Reason::kBudgetSpent) {
      const Instant now = Now();
      run_.result.retry_after = std::chrono::ceil<std::chrono::days>(now) - now;
    }
    throw TaskError(ExitCode::kTransient, *failed);
  }
  if (end.reason == FetchEnd::Reason::kStopped) {
    throw TaskError(ExitCode::kTransient,
                    fmt::format("the deadline of {} s came before the end of the work",
                                run_.options.deadline_seconds));
  }
  if (end.reason == FetchEnd::Reason::kBudgetSpent && run_.result.source->requests == 0) {
    throw TaskError(ExitCode::kSkipped, fmt::format("the call budget of today, {}, is used up "
                                                    "(STEAM_DAILY_CALL_BUDGET)",
                                                    budget_->limit()));
  }
}

}  // namespace steamflow
