#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "bulk_body.h"
#include "bulk_response.h"
#include "gzip.h"
#include "http_client.h"
#include "rest_client.h"
#include "retry_policy.h"
#include "run.h"

namespace steamflow {

// Posts bodies to _bulk, in several parallel requests. Items that the server has no room for are
// sent again, without the others. A request without an answer is sent again as a whole, because the
// ids of its items show which of them were stored. A request that is too large, or that the server
// refuses as a whole because of one item, is halved until that item is alone.
class BulkSender {
 public:
  // An item that the server can never take, and why: see BulkItem::Fate::kRefused.
  struct Refusal {
    std::size_t item = 0;
    std::string error;
    std::string reason;
    bool is_of_mapping = false;  // the index refused it; false: no request can contain it
  };
  // The results of a body, once each of its items has a final one.
  struct Responses {
    std::uint64_t inserted = 0;
    std::uint64_t duplicates = 0;
    std::vector<Refusal> refusals;
  };
  // A body that was queued.
  class Sending;

  // `server` and `run` must outlive this object.
  BulkSender(const RestServer& server, const Run& run);
  ~BulkSender();

  // Queues `body`, which must not be changed until it was awaited or forgotten. `places` has the
  // names of the indices behind body.indices(), in the same order. With `refresh`, searches find
  // the documents at once. May be called while another thread is in Await.
  std::shared_ptr<Sending> Queue(const BulkBody& body, std::vector<std::string> places,
                                 bool refresh);

  // Waits until the whole body is answered. Also sends the bodies queued after it, in their order,
  // so that the server stays busy while the last responses of a body are awaited; their results
  // come from their own Await. Throws TaskError: as LastingError says; kAuth if the login lacks a
  // permission; kConfig if an index takes no documents, or stored one under another id or in
  // another index than was requested; kTransient if the retries or the time are used up; and for a
  // signal that comes before the whole body was sent.
  Responses Await(Sending& sending);

  // Sends nothing more of the body. Must not be called while another thread is in Await.
  static void Forget(Sending& sending);

 private:
  // The items of one request. A retry or a half of it is a Part too.
  struct Part {
    std::shared_ptr<Sending> sending;
    std::vector<std::size_t> items;
    unsigned attempts = 0;
  };

  // Moves due retries and newly queued parts to ready_.
  void TakeQueued();
  // Sends the first part of ready_, unless its body was forgotten or has failed.
  void StartNext();
  // The next functions handle an answer, from the whole request down to a single item. Each either
  // records results, queues parts again or fails the body.
  void OnOutcome(Part&& part, const HttpOutcome& outcome);
  void OnResponse(Part&& part, const HttpResponse& response);
  // Returns whether a document is in the index and under the id that were requested.
  static bool IsWhereItBelongs(const BulkItem& item, const Part& part, std::size_t number);
  void Halve(Part&& part, const HttpResponse& response);
  void Retry(Part&& part, const std::string& cause, std::chrono::seconds at_least);
  // Sets the error of a body; Await() throws it. Other bodies are not affected.
  void Fail(Sending& sending, ExitCode code, const std::string& cause) const;
  void FailFor(const Part& part, std::size_t item, ExitCode code, const std::string& reason) const;
  // Returns how long to wait for responses: until the next retry is due, but at most 100 ms,
  // because queued_ has no descriptor to wait for.
  std::chrono::milliseconds UntilNext() const;

  const RestServer& server_;
  const Run& run_;
  const std::size_t most_at_once_;  // the most requests in flight
  HttpClient http_;
  RetryPolicy retry_policy_;
  BulkResponseParser parser_;
  GzipCompressor gzip_;
  // Whether a request was sent in this run. The first one refreshes the indices.
  bool has_sent_ = false;
  // Only the thread in Await() uses the members down to mutex_.
  std::deque<Part> ready_;
  std::multimap<Clock::time_point, Part> waiting_;  // retries, by their due time

  std::mutex mutex_;
  std::vector<Part> queued_;  // what Queue added and Await has not taken; guarded by mutex_
};

}  // namespace steamflow
