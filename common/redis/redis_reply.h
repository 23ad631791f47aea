#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct redisReply;

namespace steamflow {

// A reply of Redis. Each accessor returns it as the type that the command or script is known to
// return, and throws TaskError (kConfig), with the command and its keys, if the reply has another
// type. That happens behind a proxy, or if another command was given the name of this one.
class RedisReply {
 public:
  // `asked` describes the command, its keys and the server for messages. `reply` must not contain
  // an error.
  RedisReply(const redisReply& reply, std::shared_ptr<const std::string> asked);

  long long Integer() const;
  const std::string& Text() const;
  std::optional<std::string> OptionalText() const;  // nullopt for nil
  const std::vector<RedisReply>& Array() const;
  // Returns the elements, which must be `size` in number.
  const std::vector<RedisReply>& Array(std::size_t size) const;
  // Returns the fields of a hash from a list of alternating names and values.
  std::map<std::string, std::string> Fields() const;

  // Throws the error for a reply that is not `wanted`, such as "an integer".
  [[noreturn]] void Refuse(std::string_view wanted) const;

 private:
  enum class Type { kNil, kInteger, kText, kArray, kOther };
  Type type_ = Type::kOther;
  long long integer_ = 0;
  std::string text_;
  std::vector<RedisReply> elements_;
  // Shared by all elements of a reply.
  std::shared_ptr<const std::string> asked_;
};

}  // namespace steamflow
