#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

// Parses the responses of Elasticsearch and OpenSearch to _bulk. No I/O. It uses simdjson's DOM,
// because the on-demand parser would save only 0.04 us of the 40 us that a document takes, and
// would validate only what it visits.
namespace steamflow {

// What became of one item.
struct BulkItem {
  // Decided by the status of the item and the type of its error.
  enum class Fate {
    kStored,
    kDuplicate,  // the server already has it, or a newer version
    kTryAgain,   // the server is too busy or full now
    kRefused,    // the server can never take this document
    kNoRight,    // the login has no permission
    kNoPlace,    // any other error, which need not be the document's fault
  };
  Fate fate = Fate::kStored;
  // Where the document is, if the response says it. The views are valid until the parser's next
  // call.
  std::string_view index;
  std::string_view id;
  // Set for the last four fates:
  std::string error;   // "mapper_parsing_exception", or "HTTP 400" if the server names no type
  std::string reason;  // "mapper_parsing_exception: failed to parse ... (its cause)"
};

class BulkResponseParser {
 public:
  BulkResponseParser();
  ~BulkResponseParser();
  BulkResponseParser(const BulkResponseParser&) = delete;
  BulkResponseParser& operator=(const BulkResponseParser&) = delete;

  // Returns the result of each item, in the order of the request, which had `items` items. Returns
  // a sentence if `json` is not a response to such a request.
  tl::expected<std::vector<BulkItem>, std::string> Parse(std::string_view json, std::size_t items);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace steamflow
