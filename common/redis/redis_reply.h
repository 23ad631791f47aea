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

// What Redis has answered, read as what the command or script is known to answer with. Where it is
// of another shape, as from a proxy or in place of a command that was renamed, each of these throws
// TaskError (kConfig) with the command and its keys.
class RedisReply {
 public:
  // `asked` is for the message: the command, its keys, and the server. No part of `reply` is an
  // error.
  RedisReply(const redisReply& reply, std::shared_ptr<const std::string> asked);

  long long Integer() const;
  const std::string& Text() const;
  std::optional<std::string> OptionalText() const;  // nothing for nil
  const std::vector<RedisReply>& Array() const;
  const std::vector<RedisReply>& Array(std::size_t size) const;
  // Of a hash: names and values in turns.
  std::map<std::string, std::string> Fields() const;

  // The error for a reply that is not `wanted` ("an integer").
  [[noreturn]] void Refuse(std::string_view wanted) const;

 private:
  enum class Type { kNil, kInteger, kText, kArray, kOther };
  Type type_ = Type::kOther;
  long long integer_ = 0;
  std::string text_;
  std::vector<RedisReply> elements_;
  std::shared_ptr<const std::string> asked_;
};

}  // namespace steamflow
