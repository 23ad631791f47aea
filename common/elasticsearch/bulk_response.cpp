#include "bulk_response.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>

namespace steamflow {
namespace {

using simdjson::dom::element;
using Fate = BulkItem::Fate;

std::string_view TextAt(element parent, const char* name) {
  std::string_view text;
  return parent[name].get_string().get(text) ? std::string_view() : text;
}

// An error of the index as such, which would meet every document: only the type tells, as the
// status is that of a document which cannot be parsed.
bool IsOfTheIndex(std::string_view type) {
  constexpr std::array<std::string_view, 4> kTypes{
      "index_not_found_exception", "index_closed_exception", "invalid_index_name_exception",
      "validation_exception"};  // more shards than the cluster may have
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

Fate Judge(std::int64_t status, std::string_view action, std::string_view type) {
  if (status >= 200 && status < 300) return Fate::kStored;
  if (status == 409) return Fate::kDuplicate;
  if (status == 408 || status == 429 || status >= 500) return Fate::kTryAgain;
  if (type == "cluster_block_exception") return Fate::kTryAgain;  // read-only, a full disk
  if (IsOfTheIndex(type)) return Fate::kNoIndex;
  if (status == 404 && action == "delete") return Fate::kStored;
  if (status == 401 || status == 403) return Fate::kNoRight;
  return Fate::kRefused;
}

// An item is {"create":{"status":201}}, or with an error {"type":"...","reason":"..."} in it. What
// is wrong with the document itself is said by the cause.
bool ReadItem(element json, BulkItem& item) {
  simdjson::dom::object object;
  if (json.get_object().get(object) || object.size() != 1) return false;
  const auto action = *object.begin();
  std::int64_t status = 0;
  if (action.value["status"].get_int64().get(status)) return false;
  element error;
  const bool has_error = !action.value["error"].get(error);
  const std::string_view type = has_error ? TextAt(error, "type") : "";
  item.fate = Judge(status, action.key, type);
  if (item.fate == Fate::kStored || item.fate == Fate::kDuplicate) return true;
  item.reason = type.empty() ? fmt::format("HTTP {}", status) : std::string(type);
  if (!has_error) return true;
  item.reason += fmt::format(": {}", TextAt(error, "reason"));
  if (element cause; !error["caused_by"].get(cause)) {
    item.reason += fmt::format(" ({})", TextAt(cause, "reason"));
  }
  return true;
}

}  // namespace

struct BulkResponseParser::Impl {
  simdjson::dom::parser parser;
};

BulkResponseParser::BulkResponseParser() : impl_(std::make_unique<Impl>()) {}
BulkResponseParser::~BulkResponseParser() = default;

tl::expected<std::vector<BulkItem>, std::string> BulkResponseParser::Parse(std::string_view json,
                                                                           std::size_t items) {
  element root;
  if (const auto error = impl_->parser.parse(json.data(), json.size()).get(root)) {
    return tl::unexpected(fmt::format("not JSON: {}", simdjson::error_message(error)));
  }
  simdjson::dom::array array;
  if (root["items"].get_array().get(array)) return tl::unexpected(std::string("it has no items"));
  std::vector<BulkItem> out;
  out.reserve(items);
  for (const element item : array) {
    if (!ReadItem(item, out.emplace_back())) {
      return tl::unexpected(fmt::format("item {} has no status", out.size() - 1));
    }
  }
  if (out.size() == items) return out;
  return tl::unexpected(fmt::format("it has {} items, not {}", out.size(), items));
}

}  // namespace steamflow
