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

// Posts bodies to _bulk, in several requests side by side. Items that the server has no room for
// are sent again alone, and so is all of a request that was not answered: what it did is recognised
// by its ids. A request that is too large, or that the server refuses as a whole because of an item
// in it, is cut in halves until that item is alone.
class BulkSender {
 public:
  // An item that the server will not take, and why: see BulkItem::Fate::kRefused.
  struct Refusal {
    std::size_t item = 0;
    std::string error;
    std::string reason;
    bool is_of_mapping = false;  // else no request can have it
  };
  struct Responses {
    std::uint64_t inserted = 0;
    std::uint64_t duplicates = 0;
    std::vector<Refusal> refusals;
  };
  // A body on its way.
  class Sending;

  // `server` and `run` must outlive this.
  BulkSender(const RestServer& server, const Run& run);
  ~BulkSender();

  // Queues `body`, which is left alone until it is answered or forgotten; its indices are found at
  // `places`. With `refresh` searches find its documents at once. May be called beside Await.
  std::shared_ptr<Sending> Queue(const BulkBody& body, std::vector<std::string> places,
                                 bool refresh);

  // Waits until all of the body is answered, and sends meanwhile what is queued, in its order: so
  // that the server has work when the last responses of a body are still to come. Throws TaskError:
  // as LastingError has it, kConfig where an index takes no document or one is stored elsewhere or
  // under another id than it was sent with, kTransient where the retries or the time are over, and
  // for a signal that comes before all of the body is sent. What happens to other bodies is told by
  // their own Await.
  Responses Await(Sending& sending);

  // Sends nothing more of the body. Not beside Await.
  static void Forget(Sending& sending);

 private:
  struct Part {
    std::shared_ptr<Sending> sending;
    std::vector<std::size_t> items;
    unsigned attempts = 0;
  };

  void TakeQueued();
  void StartNext();
  void OnOutcome(Part&& part, const HttpOutcome& outcome);
  void OnResponse(Part&& part, const HttpResponse& response);
  static bool IsWhereItBelongs(const BulkItem& item, const Part& part, std::size_t number);
  void Halve(Part&& part, const HttpResponse& response);
  void Retry(Part&& part, const std::string& cause, std::chrono::seconds at_least);
  void Fail(Sending& sending, ExitCode code, const std::string& cause) const;
  void FailFor(const Part& part, std::size_t item, ExitCode code, const std::string& reason) const;
  std::chrono::milliseconds UntilNext() const;

  const RestServer& server_;
  const Run& run_;
  const std::size_t most_at_once_;  // requests
  HttpClient http_;
  RetryPolicy retry_policy_;
  BulkResponseParser parser_;
  GzipCompressor gzip_;
  bool has_sent_ = false;
  std::deque<Part> ready_;
  std::multimap<Clock::time_point, Part> waiting_;  // retries, by their time

  std::mutex mutex_;
  std::vector<Part> queued_;  // by Queue, guarded by mutex_
};

}  // namespace steamflow
