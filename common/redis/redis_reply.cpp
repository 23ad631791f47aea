#include "redis_reply.h"

#include <fmt/format.h>
#include <hiredis/hiredis.h>

#include "task_error.h"

namespace steamflow {

RedisReply::RedisReply(const redisReply& reply, std::shared_ptr<const std::string> asked)
    : asked_(std::move(asked)) {
  switch (reply.type) {
    case REDIS_REPLY_NIL:
      type_ = Type::kNil;
      break;
    case REDIS_REPLY_INTEGER:
      type_ = Type::kInteger;
      integer_ = reply.integer;
      break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      type_ = Type::kText;
      text_.assign(reply.str, static_cast<std::size_t>(reply.len));
      break;
    case REDIS_REPLY_ARRAY:
      type_ = Type::kArray;
      elements_.reserve(static_cast<std::size_t>(reply.elements));
      for (std::size_t i = 0; i < static_cast<std::size_t>(reply.elements); ++i) {
        elements_.emplace_back(*reply.element[i], asked_);
      }
      break;
    default:  // types of RESP3, which the client does not request
      break;
  }
}

long long RedisReply::Integer() const {
  if (type_ != Type::kInteger) Refuse("an integer");
  return integer_;
}

const std::string& RedisReply::Text() const {
  if (type_ != Type::kText) Refuse("a text");
  return text_;
}

std::optional<std::string> RedisReply::OptionalText() const {
  if (type_ == Type::kNil) return std::nullopt;
  return Text();
}

const std::vector<RedisReply>& RedisReply::Array() const {
  if (type_ != Type::kArray) Refuse("a list");
  return elements_;
}

const std::vector<RedisReply>& RedisReply::Array(std::size_t size) const {
  if (Array().size() != size) Refuse(fmt::format("a list of {}", size));
  return elements_;
}

std::map<std::string, std::string> RedisReply::Fields() const {
  if (Array().size() % 2 != 0) Refuse("names and values");
  std::map<std::string, std::string> fields;
  for (std::size_t i = 0; i < elements_.size(); i += 2) {
    fields[elements_[i].Text()] = elements_[i + 1].Text();
  }
  return fields;
}

void RedisReply::Refuse(std::string_view wanted) const {
  throw TaskError(ExitCode::kConfig,
                  fmt::format("{}: the reply is not {}: is there a proxy, or another command under "
                              "this name?",
                              *asked_, wanted));
}

}  // namespace steamflow
