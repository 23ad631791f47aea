#include "steam_standin/journal.h"

#include <array>
#include <string_view>

namespace steamflow::standin {
namespace {

constexpr std::size_t kMaxCalls = 100'000;
constexpr std::size_t kMaxIds = 1'000'000;
constexpr std::array<std::string_view, 3> kKeyIn{"none", "header", "query"};

}  // namespace

void Journal::Add(const ApiCall& call) {
  const auto since_start = std::chrono::steady_clock::now() - start_;
  Entry entry{call, std::chrono::duration_cast<std::chrono::milliseconds>(since_start).count()};
  const std::lock_guard lock(mutex_);
  ++total_;
  ids_kept_ += entry.call.steam_ids.size();
  entries_.push_back(std::move(entry));
  while (entries_.size() > kMaxCalls || ids_kept_ > kMaxIds) {
    ids_kept_ -= entries_.front().call.steam_ids.size();
    entries_.pop_front();
  }
}

void Journal::Clear() {
  const std::lock_guard lock(mutex_);
  entries_.clear();
  ids_kept_ = 0;
  total_ = 0;
}

std::uint64_t Journal::total() const {
  const std::lock_guard lock(mutex_);
  return total_;
}

std::string Journal::Json() const {
  const std::lock_guard lock(mutex_);
  std::string json = "[";
  for (const auto& [call, at_ms] : entries_) {
    if (json.size() > 1) json += ",\n";
    json.append(R"({"method":")").append(Info(call.method).name).append("\"");
    const auto append_number = [&json](std::string_view name, std::optional<std::uint32_t> number) {
      if (number) json.append(name).append(std::to_string(*number));
    };
    append_number(R"(,"appid":)", call.appid);
    append_number(R"(,"count":)", call.count);
    append_number(R"(,"enddate":)", call.enddate);
    if (!call.steam_ids.empty()) {
      json += R"(,"ids":[)";
      for (const auto id : call.steam_ids) {
        json.append("\"").append(std::to_string(id)).append("\",");
      }
      json.back() = ']';
    }
    json.append(R"(,"key_in":")").append(kKeyIn[static_cast<std::size_t>(call.key_in)]);
    json.append(R"(","http":")").append(call.http2 ? "2" : "1.1");
    json.append(R"(","at_ms":)").append(std::to_string(at_ms)).append("}");
  }
  return json + "]\n";
}

}  // namespace steamflow::standin
