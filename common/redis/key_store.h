#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "redis_client.h"

namespace steamflow {

// String values by their keys; nullopt for a missing key.
using KeyValues = std::map<std::string, std::optional<std::string>>;

// The content of the store at one moment.
struct Snapshot {
  KeyValues texts;
  std::map<std::string, std::string> fields;  // the fields of the hash
};

// An atomic change from the values that a run has read to the values that it wants.
struct KeyChange {
  // All of these must still hold, otherwise nothing is changed.
  KeyValues expected;
  KeyValues wanted;
  std::string hash;  // the key of the hash with the fields below; empty if there is none
  // A field is changed only if it still holds the value that the run has read. If another run has
  // changed a count in the meantime, only that field is left alone; the rest of the change is made.
  struct Field {
    std::string name;
    std::optional<std::string> expected;
    std::optional<std::string> wanted;
  };
  std::vector<Field> fields;
};

// A set of related keys, which are read in one step and changed in one step by compare-and-set, as
// strings. There are two implementations: Redis, and a store in the memory of a test, which loses
// responses and lets other runs interfere.
class KeyStore {
 public:
  virtual ~KeyStore() = default;

  // Returns the values of the keys and the fields of `hash`, all from the same moment. Throws
  // TaskError: kData if a key has another type, otherwise as RedisClient does.
  virtual Snapshot Read(const std::vector<std::string>& keys, const std::string& hash) = 0;

  // Makes the change. Returns false if another run has changed an expected value. If a response is
  // lost, the write is tried again, and wanted values that are found in place then count as written
  // by this run. Throws TaskError as Read() does.
  bool Write(const KeyChange& change);

 protected:
  // kStoodAlready: `expected` does not hold, but all of `wanted` does.
  enum class Written { kYes, kNo, kStoodAlready };
  // Makes the change once, in one step. Write() repeats it if the response was lost.
  virtual Written TryWrite(const KeyChange& change) = 0;
};

// The implementation in Redis. Each step is one Lua script.
class RedisKeyStore : public KeyStore {
 public:
  // `redis` must outlive this object.
  explicit RedisKeyStore(RedisClient& redis) : redis_(redis) {}

  Snapshot Read(const std::vector<std::string>& keys, const std::string& hash) override;

 private:
  Written TryWrite(const KeyChange& change) override;

  RedisClient& redis_;
};

// Returns the key of a task's state for a topic: `key` for the task's own topic, `<key>@<topic>`
// for any other, so that a trial run does not touch the state of production.
std::string KeyOfTopic(const std::string& key, const std::string& topic,
                       const std::string& own_topic);

}  // namespace steamflow
