#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace steamflow::test {

// A parsed JSON document, read by JSON pointers ("/kafka/records"). Each reader throws
// simdjson::simdjson_error where the value is missing or of another type.
class JsonValue {
 public:
  explicit JsonValue(const std::string& text);

  std::string Text(const std::string& pointer) const;
  std::int64_t Number(const std::string& pointer) const;
  double Real(const std::string& pointer) const;
  bool Bool(const std::string& pointer) const;
  bool Has(const std::string& pointer) const;
  bool IsNull(const std::string& pointer) const;
  // The value without blanks, as JSON.
  std::string Raw(const std::string& pointer = "") const;
  // Names of an object in their order.
  std::vector<std::string> Names(const std::string& pointer = "") const;
  std::size_t Size(const std::string& pointer) const;  // of an array

  const std::string& text() const { return text_; }

 private:
  struct Document;  // keeps simdjson.h out of every test
  std::string text_;
  std::shared_ptr<const Document> document_;
};

}  // namespace steamflow::test
