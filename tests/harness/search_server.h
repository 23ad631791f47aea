#pragma once

#include <string>

#include "child_process.h"
#include "json_value.h"
#include "standin_client.h"

namespace steamflow::test {

// A real search server that only this test uses. It ends with the process of the test, even if it
// is killed.
class OwnSearch {
 public:
  explicit OwnSearch(const std::string& engine);  // opensearch or elasticsearch

  const std::string& url() const { return url_; }

 private:
  standin::ChildProcess process_;
  const std::string url_;
};

// Returns the address of a real search server: STEAMFLOW_TEST_OPENSEARCH or
// STEAMFLOW_TEST_ELASTICSEARCH, or one that this test binary starts on the first call and stops
// when it ends.
const std::string& RealSearch(const std::string& engine);  // opensearch or elasticsearch

// A server with indices that only this test uses: their names begin with `prefix()`. The destructor
// deletes them and their templates.
class SearchIndices {
 public:
  explicit SearchIndices(const std::string& engine);
  ~SearchIndices();
  SearchIndices(const SearchIndices&) = delete;
  SearchIndices& operator=(const SearchIndices&) = delete;

  const std::string& url() const { return url_; }
  const std::string& prefix() const { return prefix_; }

  // Throws std::runtime_error if the status is not the expected one; 0 accepts any status.
  JsonValue Ask(const std::string& method, const std::string& path, const std::string& body = "",
                long status = 200);

  // The number of documents in an index or alias, whose name is given without the prefix; 0 if it
  // does not exist. `Visible` counts what a search finds without a refresh.
  std::int64_t Count(const std::string& index);
  std::int64_t Visible(const std::string& index);

  // Returns the source of a document, or "" if it does not exist.
  std::string Source(const std::string& index, const std::string& id);

 private:
  const std::string url_;
  const std::string prefix_;
  standin::Client client_;
};

}  // namespace steamflow::test
