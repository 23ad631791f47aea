#include "key_store.h"

#include <fmt/format.h>

#include "task_error.h"

namespace steamflow {
namespace {

constexpr int kAttempts = 3;

// KEYS: strings, followed by one hash. GET reports a key of another type as an error, which names
// the key; MGET would return nil for it.
constexpr char kRead[] = R"(
local found = {}
for i = 1, #KEYS - 1 do found[i] = redis.pcall('GET', KEYS[i]) end
found[#KEYS] = redis.pcall('HGETALL', KEYS[#KEYS])
for i = 1, #KEYS do
  if type(found[i]) == 'table' and found[i].err then
    return redis.error_reply(found[i].err .. ': ' .. KEYS[i])
  end
end
return found)";

// KEYS: the expected keys, the wanted keys, then the hash if there is one. ARGV: the numbers of
// expected and wanted keys, their values, then the name, expected value and wanted value of each
// field. A value is prefixed with '='; a missing value is an empty string. Values are compared as
// strings, because Lua's numbers would lose the last digits of an id. A key of another type fails
// before anything is written. Returns 1 if the change was made, 0 if another run has changed an
// expected key, and 2 if the wanted values were there already.
constexpr char kWrite[] = R"(
local expected, wanted = tonumber(ARGV[1]), tonumber(ARGV[2])
local function text(held) return held and '=' .. held or '' end
local function stands(first, last)
  for i = first, last do
    if text(redis.call('GET', KEYS[i])) ~= ARGV[2 + i] then return false end
  end
  return true
end
if not stands(1, expected) then
  return stands(expected + 1, expected + wanted) and 2 or 0
end
local hash = KEYS[expected + wanted + 1]
local is_due = {}
for i = 3 + expected + wanted, #ARGV, 3 do
  is_due[i] = text(redis.call('HGET', hash, ARGV[i])) == ARGV[i + 1]
end
for i = expected + 1, expected + wanted do
  local value = ARGV[2 + i]
  if value == '' then redis.call('DEL', KEYS[i])
  else redis.call('SET', KEYS[i], string.sub(value, 2)) end
end
for i = 3 + expected + wanted, #ARGV, 3 do
  if is_due[i] then
    if ARGV[i + 2] == '' then redis.call('HDEL', hash, ARGV[i])
    else redis.call('HSET', hash, ARGV[i], string.sub(ARGV[i + 2], 2)) end
  end
end
return 1)";

std::string Argument(const std::optional<std::string>& value) {
  return value ? "=" + *value : "";
}

}  // namespace

bool KeyStore::Write(const KeyChange& change) {
  bool response_was_lost = false;
  for (int attempt = 1;; ++attempt) {
    try {
      const Written written = TryWrite(change);
      return written == Written::kYes || (written == Written::kStoodAlready && response_was_lost);
    } catch (const TaskError& error) {
      if (error.code() != ExitCode::kTransient || attempt == kAttempts) throw;
      response_was_lost = true;
    }
  }
}

Snapshot RedisKeyStore::Read(const std::vector<std::string>& keys, const std::string& hash) {
  std::vector<std::string> all = keys;
  all.push_back(hash);
  const RedisReply reply = redis_.Eval(kRead, all, {});
  const auto& found = reply.Array(all.size());
  Snapshot snapshot;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    snapshot.texts[keys[i]] = found[i].OptionalText();
  }
  snapshot.fields = found.back().Fields();
  return snapshot;
}

KeyStore::Written RedisKeyStore::TryWrite(const KeyChange& change) {
  std::vector<std::string> keys;
  std::vector<std::string> arguments{fmt::to_string(change.expected.size()),
                                     fmt::to_string(change.wanted.size())};
  for (const KeyValues* values : {&change.expected, &change.wanted}) {
    for (const auto& [key, value] : *values) {
      keys.push_back(key);
      arguments.push_back(Argument(value));
    }
  }
  if (!change.fields.empty()) keys.push_back(change.hash);
  for (const KeyChange::Field& field : change.fields) {
    arguments.insert(arguments.end(),
                     {field.name, Argument(field.expected), Argument(field.wanted)});
  }
  const RedisReply reply = redis_.Eval(kWrite, keys, arguments);
  switch (reply.Integer()) {
    case 0:
      return Written::kNo;
    case 1:
      return Written::kYes;
    case 2:
      return Written::kStoodAlready;
    default:
      reply.Refuse("0, 1 or 2");
  }
}

std::string KeyOfTopic(const std::string& key, const std::string& topic,
                       const std::string& own_topic) {
  return topic == own_topic ? key : key + "@" + topic;
}

}  // namespace steamflow
