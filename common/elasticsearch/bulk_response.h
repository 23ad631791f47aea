#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

// What Elasticsearch and OpenSearch answer to _bulk. Pure: no I/O. Read by simdjson's DOM: the
// on-demand parser would save 0.04 us of the 40 that a document takes, and check only what it
// visits.
namespace steamflow {

// What became of one item.
struct BulkItem {
  enum class Fate {
    kStored,
    kDuplicate,  // it is there already, or a newer version is
    kTryAgain,   // the server has no room or time for it now
    kRefused,    // the document itself is one that the server can never take
    kNoRight,    // the login lacks a right
    kNoPlace,    // any other error: nothing shows that it is the document's
  };
  Fate fate = Fate::kStored;
  // Where the document is, if the response tells. Views, until the parser's next response.
  std::string_view index;
  std::string_view id;
  // Of the last four:
  std::string error;   // "mapper_parsing_exception", else "HTTP 400"
  std::string reason;  // "mapper_parsing_exception: failed to parse ... (its cause)"
};

class BulkResponseParser {
 public:
  BulkResponseParser();
  ~BulkResponseParser();
  BulkResponseParser(const BulkResponseParser&) = delete;
  BulkResponseParser& operator=(const BulkResponseParser&) = delete;

  // One for each item, in the order of the request, which had `items` of them. Errors: a sentence
  // that says why it is no such response.
  tl::expected<std::vector<BulkItem>, std::string> Parse(std::string_view json, std::size_t items);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace steamflow
