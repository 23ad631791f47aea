#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "index_view.h"
#include "rest_client.h"

namespace steamflow {

// Looks at each index that a run writes into before it does, once a run. One that is not there yet
// is looked at as the server would make it.
class IndexGuard {
 public:
  // `client` must outlive this, and is used by one thread at a time.
  explicit IndexGuard(RestClient& client) : client_(client) {}

  // The index itself that has the name, once it was looked at; nothing before. Beside Look.
  std::optional<std::string> PlaceOf(const std::string& name) const;

  // The same, looking where needed. Throws TaskError: kConfig where a sink may not write into it,
  // kAuth where the login may not see it, and as RestClient::Ask does.
  std::string Look(const SinkIndex& wanted);

  // An index as it is now. Throws TaskError; kConfig too where there is none.
  IndexView View(const std::string& name);

 private:
  std::optional<HttpResponse> Ask(const std::string& name);
  IndexView ViewBeforeItIs(const std::string& name);
  IndexView ValueOf(const std::string& name, tl::expected<IndexView, std::string> view) const;
  [[noreturn]] void Fail(const std::string& name, const std::string& why) const;

  RestClient& client_;
  mutable std::mutex mutex_;                   // guards places_
  std::map<std::string, std::string> places_;  // by name
};

}  // namespace steamflow
