#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "redis_client.h"

namespace steamflow {

// Strings by their key; nothing = missing.
using KeyValues = std::map<std::string, std::optional<std::string>>;

// What stood in the store at one moment.
struct Snapshot {
  KeyValues texts;
  std::map<std::string, std::string> fields;  // of the hash
};

// One step from what a run has read to what it wants.
struct KeyChange {
  KeyValues expected;  // all of it must still stand, else nothing is changed
  KeyValues wanted;
  std::string hash;  // the key of a hash with the fields below; empty = none
  // A field of the hash is changed only where it still holds what the run has read of it: a count
  // that another run has changed meanwhile does not hold back the step.
  struct Field {
    std::string name;
    std::optional<std::string> expected;
    std::optional<std::string> wanted;
  };
  std::vector<Field> fields;
};

// Keys that belong together, read in one step and changed in one step by compare-and-set, as
// strings. Besides Redis there is one in the memory of a test, which loses responses and lets other
// runs come between.
class KeyStore {
 public:
  virtual ~KeyStore() = default;

  // The values of the keys and the fields of `hash`, all at the same moment. Throws TaskError:
  // kData where one of them is of another type.
  virtual Snapshot Read(const std::vector<std::string>& keys, const std::string& hash) = 0;

  // Whether the change has been made: false where another run has changed what was expected. A
  // response that was lost is made up for by trying again: a change that stands already was this
  // run's. Throws TaskError.
  bool Write(const KeyChange& change);

 protected:
  enum class Written { kYes, kNo, kStoodAlready };  // the last: `expected` does not, `wanted` does
  virtual Written TryWrite(const KeyChange& change) = 0;
};

class RedisKeyStore : public KeyStore {
 public:
  explicit RedisKeyStore(RedisClient& redis) : redis_(redis) {}

  Snapshot Read(const std::vector<std::string>& keys, const std::string& hash) override;

 private:
  Written TryWrite(const KeyChange& change) override;

  RedisClient& redis_;
};

// Where a task keeps what belongs to a topic: under `key` for its own topic, `<key>@<topic>` for
// another, so that a trial leaves production alone.
std::string KeyOfTopic(const std::string& key, const std::string& topic,
                       const std::string& own_topic);

}  // namespace steamflow
