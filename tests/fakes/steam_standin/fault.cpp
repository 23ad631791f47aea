#include "steam_standin/fault.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>

#include "steam_standin/accounts.h"

namespace steamflow::standin {
namespace {

namespace dom = simdjson::dom;

constexpr std::array<std::pair<std::string_view, FaultKind>, 17> kKinds{{
    {"status", FaultKind::kStatus},
    {"html200", FaultKind::kHtml200},
    {"cut_length", FaultKind::kCutLength},
    {"cut_chunked", FaultKind::kCutChunked},
    {"cut_close", FaultKind::kCutClose},
    {"broken_json", FaultKind::kBrokenJson},
    {"bad_utf8", FaultKind::kBadUtf8},
    {"nul", FaultKind::kNul},
    {"lone_surrogate", FaultKind::kLoneSurrogate},
    {"gzip_bomb", FaultKind::kGzipBomb},
    {"trickle", FaultKind::kTrickle},
    {"silence", FaultKind::kSilence},
    {"redirect", FaultKind::kRedirect},
    {"latency", FaultKind::kLatency},
    {"edge_block", FaultKind::kEdgeBlock},
    {"key_refused_401", FaultKind::kKeyRefused401},
    {"key_refused_403", FaultKind::kKeyRefused403},
}};

/// Returns the value as a T. Throws an error that names the field if the type or range is wrong.
template <typename T>
T Get(std::string_view field, dom::element value) {
  T result;
  if (value.get(result) != simdjson::SUCCESS) {
    throw std::invalid_argument("wrong type or range: " + std::string(field));
  }
  return result;
}

/// Returns an integer from `low` to `high`.
std::int64_t GetInteger(std::string_view field, dom::element value, std::int64_t low,
                        std::int64_t high) {
  const auto number = Get<std::int64_t>(field, value);
  if (number < low || number > high) {
    throw std::invalid_argument("out of range: " + std::string(field));
  }
  return number;
}

Method ParseMethod(std::string_view name) {
  const auto found = std::find_if(kMethods.begin(), kMethods.end(),
                                  [&](const MethodInfo& info) { return info.name == name; });
  if (found == kMethods.end()) throw std::invalid_argument("unknown method: " + std::string(name));
  return static_cast<Method>(found - kMethods.begin());
}

FaultKind ParseKind(std::string_view name) {
  const auto found = std::find_if(kKinds.begin(), kKinds.end(),
                                  [&](const auto& kind) { return kind.first == name; });
  if (found == kKinds.end()) throw std::invalid_argument("unknown kind: " + std::string(name));
  return found->second;
}

Match ParseMatch(dom::object object) {
  Match match;
  for (const auto& [field, value] : object) {
    if (field == "method") {
      match.method = ParseMethod(Get<std::string_view>(field, value));
    } else if (field == "steamid") {
      const auto text = Get<std::string_view>(field, value);
      std::uint64_t id = 0;
      std::from_chars(text.data(), text.data() + text.size(), id);
      match.steam_id = CanonicalSteamId(id);
      if (match.steam_id == 0) throw std::invalid_argument("not a SteamID64: match.steamid");
    } else if (field == "appid") {
      match.appid = static_cast<std::uint32_t>(GetInteger(field, value, 0, UINT32_MAX));
    } else {
      throw std::invalid_argument("unknown field: match." + std::string(field));
    }
  }
  return match;
}

void CheckComplete(const Fault& fault) {
  const bool needs_ms = fault.kind == FaultKind::kLatency || fault.kind == FaultKind::kTrickle;
  if (needs_ms != (fault.ms.count() > 0)) {
    throw std::invalid_argument("ms goes with latency and trickle, which need it");
  }
  if ((fault.kind == FaultKind::kRedirect) == fault.location.empty()) {
    throw std::invalid_argument("location goes with redirect, which needs it");
  }
  if (fault.kind == FaultKind::kStatus && !fault.status) {
    throw std::invalid_argument("kind status needs a status");
  }
}

}  // namespace

Fault ParseFault(std::string_view json) {
  dom::parser parser;
  dom::object object;
  if (parser.parse(json.data(), json.size()).get(object) != simdjson::SUCCESS) {
    throw std::invalid_argument("a fault is a JSON object");
  }
  Fault fault{};
  fault.times = 1;
  bool has_kind = false;
  for (const auto& [field, value] : object) {
    if (field == "match") {
      fault.match = ParseMatch(Get<dom::object>(field, value));
    } else if (field == "skip") {
      fault.skip = static_cast<std::uint64_t>(GetInteger(field, value, 0, INT64_MAX));
    } else if (field == "times") {
      fault.times = GetInteger(field, value, -1, INT64_MAX);
    } else if (field == "kind") {
      fault.kind = ParseKind(Get<std::string_view>(field, value));
      has_kind = true;
    } else if (field == "ms") {
      fault.ms = std::chrono::milliseconds(GetInteger(field, value, 1, 3'600'000));
    } else if (field == "location") {
      fault.location = Get<std::string_view>(field, value);
    } else if (field == "status") {
      fault.status = static_cast<int>(GetInteger(field, value, 200, 599));
    } else if (field == "headers") {
      for (const auto& [name, text] : Get<dom::object>(field, value)) {
        fault.headers.emplace(name, Get<std::string_view>(name, text));
      }
    } else if (field == "body") {
      fault.body = Get<std::string_view>(field, value);
    } else {
      throw std::invalid_argument("unknown field: " + std::string(field));
    }
  }
  if (!has_kind) throw std::invalid_argument("a fault needs a kind");
  CheckComplete(fault);
  return fault;
}

bool Match::Includes(const ApiCall& call) const {
  if (method && *method != call.method) return false;
  if (appid && appid != call.appid) return false;
  if (!steam_id) return true;
  return std::any_of(call.steam_ids.begin(), call.steam_ids.end(),
                     [&](std::uint64_t id) { return CanonicalSteamId(id) == *steam_id; });
}

std::size_t Faults::Add(Fault fault) {
  const std::lock_guard lock(mutex_);
  faults_.push_back({std::move(fault)});
  return faults_.size();
}

void Faults::Clear() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
}

Misfortune Faults::Take(const ApiCall& call) {
  Misfortune misfortune;
  const std::lock_guard lock(mutex_);
  for (auto& [fault, seen] : faults_) {
    if (!fault.match.Includes(call)) continue;
    const auto number = seen++;
    if (number < fault.skip) continue;
    if (fault.times >= 0 && number - fault.skip >= static_cast<std::uint64_t>(fault.times)) {
      continue;
    }
    if (fault.kind == FaultKind::kLatency) {
      misfortune.latency += fault.ms;
      continue;
    }
    misfortune.fault = fault;
    break;
  }
  return misfortune;
}

}  // namespace steamflow::standin
