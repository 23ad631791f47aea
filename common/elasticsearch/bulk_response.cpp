#include "bulk_response.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>

namespace steamflow {
namespace {

using simdjson::dom::element;
using Fate = BulkItem::Fate;

std::string_view TextAt(element parent, const char* name) {
  std::string_view text;
  return parent[name].get_string().get(text) ? std::string_view() : text;
}

bool StartsWithAny(std::string_view text, std::initializer_list<std::string_view> starts) {
  return std::any_of(starts.begin(), starts.end(),
                     [text](std::string_view start) { return text.starts_with(start); });
}

// An error from a response. `detail` is the reason of the cause, or else of the error itself.
struct Error {
  std::string_view type;
  std::string_view reason;
  std::string_view cause;

  std::string_view detail() const { return cause.empty() ? reason : cause; }
};

Error ErrorOf(element json) {
  Error error{.type = TextAt(json, "type"), .reason = TextAt(json, "reason"), .cause = {}};
  if (element cause; !json["caused_by"].get(cause)) error.cause = TextAt(cause, "reason");
  return error;
}

// Returns whether only the document can be the cause of an error. Errors of the index have the same
// status and type (a missing pipeline is an illegal argument), so this recognises the errors that
// are certain: a value that cannot be parsed, unless it exceeds a limit that the index's settings
// define.
bool IsOfTheDocument(const Error& error) {
  if (error.type == "illegal_argument_exception") {
    return error.reason.starts_with("Document contains at least one immense term");
  }
  if (error.type != "mapper_parsing_exception" && error.type != "document_parsing_exception") {
    return false;
  }
  // 20 is the servers' default. None of our mappings is that deep, so the document itself must be.
  const auto detail = error.detail();
  if (detail.starts_with("The depth of ") && detail.find(" limit of [20]") != detail.npos)
    return true;
  return !StartsWithAny(detail, {"Limit of ", "The depth of ", "The number of nested "});
}

Fate Judge(std::int64_t status, const Error& error) {
  if (status >= 200 && status < 300) return Fate::kStored;
  if (error.type == "version_conflict_engine_exception") return Fate::kDuplicate;
  // The index is read-only for now, as when the disk is full.
  if (error.type == "cluster_block_exception") return Fate::kTryAgain;
  if (status == 408 || status == 429 || status >= 500) return Fate::kTryAgain;
  if (status == 401 || status == 403) return Fate::kNoRight;
  return IsOfTheDocument(error) ? Fate::kRefused : Fate::kNoPlace;
}

// Reads an item such as {"create":{"status":201,"result":"created"}}; one that failed has a field
// "error": {"type":"...","reason":"..."}. Returns false if the item has no status.
bool ReadItem(element json, BulkItem& item) {
  simdjson::dom::object object;
  if (json.get_object().get(object) || object.size() != 1) return false;
  const element action = (*object.begin()).value;
  std::int64_t status = 0;
  if (action["status"].get_int64().get(status)) return false;
  element found;
  const Error error = action["error"].get(found) ? Error{} : ErrorOf(found);
  item.fate = Judge(status, error);
  item.index = TextAt(action, "_index");
  item.id = TextAt(action, "_id");
  if (item.fate == Fate::kStored && TextAt(action, "result") == "noop") {
    item.fate = Fate::kNoPlace;
    item.error = "noop";
    item.reason = "an ingest pipeline of the index drops the document";
  }
  if (item.fate == Fate::kStored || item.fate == Fate::kDuplicate || !item.error.empty()) {
    return true;
  }
  item.error = error.type.empty() ? fmt::format("HTTP {}", status) : std::string(error.type);
  item.reason = item.error;
  if (!error.reason.empty()) item.reason += fmt::format(": {}", error.reason);
  if (!error.cause.empty()) item.reason += fmt::format(" ({})", error.cause);
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
