#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace steamflow::test {

// A parsed JSON document, read by JSON pointers ("/kafka/records"). A read throws
// simdjson::simdjson_error if the value is missing or has another type.
class JsonValue {
 public:
  explicit JsonValue(const std::string& text);

  std::string Text(const std::string& pointer) const;
  std::int64_t Number(const std::string& pointer) const;
  double Real(const std::string& pointer) const;
  bool Bool(const std::string& pointer) const;
  bool Has(const std::string& pointer) const;
  bool IsNull(const std::string& pointer) const;
  // Returns the value as JSON without whitespace.
  std::string Raw(const std::string& pointer = "") const;
  // Returns the names in an object, in their order.
  std::vector<std::string> Names(const std::string& pointer = "") const;
  std::size_t Size(const std::string& pointer) const;  // of an array

  const std::string& text() const { return text_; }

 private:
  struct Document;  // keeps simdjson.h out of the tests
  std::string text_;
  std::shared_ptr<const Document> document_;
};

}  // namespace steamflow::test
