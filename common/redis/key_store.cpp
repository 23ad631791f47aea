#include "key_store.h"

#include <fmt/format.h>

#include "task_error.h"

namespace steamflow {
namespace {

constexpr int kAttempts = 3;

// KEYS: strings, then a hash. A key of another type is an error of GET, not of MGET.
constexpr char kRead[] = R"(
local found = {}
for i = 1, #KEYS - 1 do found[i] = redis.call('GET', KEYS[i]) end
found[#KEYS] = redis.call('HGETALL', KEYS[#KEYS])
return found)";

// KEYS: those expected, those wanted, the hash if there is one. ARGV: the number of those expected
// and of those wanted, their values, then name, expected and wanted value of each field. A value
// has an '=' before it, a missing one is empty. Strings only: Lua's numbers would lose the last
// digits of an id. Returns 1 = made, 0 = another run was faster, 2 = stood already.
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
for i = expected + 1, expected + wanted do
  local value = ARGV[2 + i]
  if value == '' then redis.call('DEL', KEYS[i])
  else redis.call('SET', KEYS[i], string.sub(value, 2)) end
end
local hash = KEYS[expected + wanted + 1]
for i = 3 + expected + wanted, #ARGV, 3 do
  if text(redis.call('HGET', hash, ARGV[i])) == ARGV[i + 1] then
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
  Snapshot snapshot;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    snapshot.texts[keys[i]] = reply.elements.at(i).OptionalText();
  }
  const auto& fields = reply.elements.at(keys.size()).elements;
  for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
    snapshot.fields[fields[i].text] = fields[i + 1].text;
  }
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
  const long long made = redis_.Eval(kWrite, keys, arguments).integer;
  return made == 1 ? Written::kYes : made == 2 ? Written::kStoodAlready : Written::kNo;
}

std::string KeyOfTopic(const std::string& key, const std::string& topic,
                       const std::string& own_topic) {
  return topic == own_topic ? key : key + "@" + topic;
}

}  // namespace steamflow
