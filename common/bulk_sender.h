#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "backoff.h"
#include "bulk_answer.h"
#include "bulk_body.h"
#include "gzip.h"
#include "http_client.h"
#include "rest_client.h"
#include "run.h"

namespace steamflow {

// Posts bodies to _bulk, in several requests side by side. Items that the server has no room for
// are sent again alone, and so is all of a request that was not answered: what it did is recognised
// by its ids. A request that is too large, or that the server refuses as a whole, is cut in halves
// until the item that is to blame is alone.
class BulkSender {
 public:
  struct Stored {
    std::uint64_t inserted = 0;
    std::uint64_t duplicates = 0;
  };
  // An item that the server will never take, and why.
  using OnRefused = std::function<void(std::size_t item, const std::string& reason)>;

  // `server` and `run` must outlive this.
  BulkSender(const RestServer& server, const Run& run);

  // Sends all of `body` and waits for its answers. With `refresh` searches find the documents at
  // once. Throws TaskError: as LastingError has it, kConfig where an index cannot be written,
  // kTransient where the retries or the time are over, and for a signal that comes before all is
  // sent.
  Stored Send(const BulkBody& body, bool refresh, const OnRefused& on_refused);

 private:
  struct Part {
    std::vector<std::size_t> items;
    unsigned attempts = 0;
  };

  void Cut(const BulkBody& body);
  void StartNext();
  void OnOutcome(Part&& part, const HttpOutcome& outcome);
  void OnAnswer(Part&& part, const HttpResponse& answer);
  void Halve(Part&& part, const HttpResponse& answer);
  void Retry(Part&& part, const std::string& cause, std::chrono::seconds at_least);
  void Fail(ExitCode code, const std::string& cause);
  std::chrono::milliseconds UntilNext() const;

  const RestServer& server_;
  const Run& run_;
  const std::size_t most_at_once_;  // requests
  HttpClient http_;
  Backoff backoff_;
  BulkAnswerParser parser_;
  GzipCompressor gzip_;
  std::uint64_t requests_ = 0;
  std::uint64_t retries_ = 0;

  // Of the body that is being sent.
  const BulkBody* body_ = nullptr;
  bool refresh_ = false;
  const OnRefused* on_refused_ = nullptr;
  Stored stored_;
  std::deque<Part> ready_;
  std::multimap<Clock::time_point, Part> waiting_;  // retries, by their time
  std::optional<TaskError> error_;
};

}  // namespace steamflow
