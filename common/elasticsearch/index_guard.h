#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "index_view.h"
#include "rest_client.h"

namespace steamflow {

// Checks each index before a run writes into it, once a run. For an index that does not exist yet,
// it checks what the server would create from its templates.
class IndexGuard {
 public:
  // `client` must outlive this object. Look and View use it, so only one thread may call these at a
  // time.
  explicit IndexGuard(RestClient& client) : client_(client) {}

  // Returns the index behind `name`, which may be an alias, or nullopt if it was not checked yet.
  // May be called while another thread is in Look.
  std::optional<std::string> PlaceOf(const std::string& name) const;

  // Returns the same, and checks the index first if needed. Throws TaskError: kConfig if a sink
  // must not write into the index (WhyNotForSink), kAuth if the login may not read its metadata,
  // and as RestClient::Ask does.
  std::string Look(const SinkIndex& wanted);

  // Returns an index as it is now. Throws TaskError, kConfig if it does not exist.
  IndexView View(const std::string& name);

 private:
  std::optional<HttpResponse> Ask(const std::string& name);
  // Asks the server which index it would create from its templates (_simulate_index).
  IndexView ViewBeforeItIs(const std::string& name);
  // Returns the view, or throws the error (kConfig) that says why it could not be read.
  IndexView ValueOf(const std::string& name, tl::expected<IndexView, std::string> view) const;
  [[noreturn]] void Fail(const std::string& name, const std::string& why) const;

  RestClient& client_;
  mutable std::mutex mutex_;                   // guards places_
  std::map<std::string, std::string> places_;  // by name
};

}  // namespace steamflow
