#include "index_guard.h"

#include <fmt/format.h>

namespace steamflow {

std::optional<std::string> IndexGuard::PlaceOf(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = places_.find(name);
  return found == places_.end() ? std::nullopt : std::optional(found->second);
}

std::string IndexGuard::Look(const SinkIndex& wanted) {
  if (auto place = PlaceOf(wanted.name)) return *std::move(place);
  const auto response = Ask(wanted.name);
  const IndexView view =
      response ? ValueOf(wanted.name, ReadIndex(response->body)) : ViewBeforeItIs(wanted.name);
  if (const auto why = WhyNotForSink(view, wanted)) {
    Fail(wanted.name, response ? *why : "as the index templates create it, " + *why);
  }
  const std::lock_guard lock(mutex_);
  return places_.emplace(wanted.name, view.place).first->second;
}

IndexView IndexGuard::View(const std::string& name) {
  const auto response = Ask(name);
  if (!response) Fail(name, "no longer exists");
  return ValueOf(name, ReadIndex(response->body));
}

// Returns nullopt if the index does not exist.
std::optional<HttpResponse> IndexGuard::Ask(const std::string& name) {
  try {
    HttpResponse response = client_.Ask("GET", "/" + name);
    if (response.status == 404) return std::nullopt;
    if (response.status == 200) return response;
    Fail(name, fmt::format("cannot be read: HTTP {}: {}", response.status, ErrorReason(response)));
  } catch (const TaskError& error) {
    if (error.code() != ExitCode::kAuth) throw;
    throw TaskError(ExitCode::kAuth,
                    fmt::format("{}: a sink needs view_index_metadata on {}", error.what(), name));
  }
}

IndexView IndexGuard::ViewBeforeItIs(const std::string& name) {
  const HttpResponse response = client_.Ask("POST", "/_index_template/_simulate_index/" + name);
  if (response.status != 200) {
    Fail(name, fmt::format("cannot be created from the index templates: HTTP {}: {}",
                           response.status, ErrorReason(response)));
  }
  return ValueOf(name, ReadSimulatedIndex(response.body, name));
}

IndexView IndexGuard::ValueOf(const std::string& name,
                              tl::expected<IndexView, std::string> view) const {
  if (!view) Fail(name, view.error());
  return *std::move(view);
}

void IndexGuard::Fail(const std::string& name, const std::string& why) const {
  throw TaskError(ExitCode::kConfig, fmt::format("{}/{} {} ({})", client_.server().url, name, why,
                                                 client_.server().source));
}

}  // namespace steamflow
