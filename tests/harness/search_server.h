#pragma once

#include <string>

#include "child_process.h"
#include "json_value.h"
#include "standin_client.h"

namespace steamflow::test {

// A real search server of the test's own. Ends with its process even when that is killed.
class OwnSearch {
 public:
  explicit OwnSearch(const std::string& engine);  // opensearch or elasticsearch

  const std::string& url() const { return url_; }

 private:
  standin::ChildProcess process_;
  const std::string url_;
};

// The address of a real search server: STEAMFLOW_TEST_OPENSEARCH or STEAMFLOW_TEST_ELASTICSEARCH,
// or else one that this test binary starts at the first call and stops at its end.
const std::string& RealSearch(const std::string& engine);  // opensearch or elasticsearch

// A server with indices of this test's own: their names begin with `prefix()`. They are dropped at
// its end, with their templates.
class SearchIndices {
 public:
  explicit SearchIndices(const std::string& engine);
  ~SearchIndices();
  SearchIndices(const SearchIndices&) = delete;
  SearchIndices& operator=(const SearchIndices&) = delete;

  const std::string& url() const { return url_; }
  const std::string& prefix() const { return prefix_; }

  // Throws std::runtime_error where the status is not as said; 0 = any.
  JsonValue Ask(const std::string& method, const std::string& path, const std::string& body = "",
                long status = 200);

  // Of an index or alias, whose name is given without the prefix; 0 where there is none. What
  // `Visible` counts is what a person sees without a refresh.
  std::int64_t Count(const std::string& index);
  std::int64_t Visible(const std::string& index);

  // A document's source; "" where there is none.
  std::string Source(const std::string& index, const std::string& id);

 private:
  const std::string url_;
  const std::string prefix_;
  standin::Client client_;
};

}  // namespace steamflow::test
