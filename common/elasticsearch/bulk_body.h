#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "consumed_record.h"

namespace steamflow {

// Records as the body of requests to Elasticsearch's _bulk: a line that says what to do, and the
// document: the value's bytes as they came, with the event time as `@timestamp` before them, unless
// they have one. An event is created under its event id, and so refused where it is there already;
// of state the newest version is kept, a tombstone being a version as any other: were its document
// deleted, an older version that comes later would be taken for a new one. Format: Elasticsearch's
// "Bulk API". Pure: no I/O.
class BulkBody {
 public:
  // `alias` is the topic's (AliasName).
  void Add(const ConsumedRecord& record, std::string_view alias);
  void Clear();
  // Makes room for so many bytes, which growing step by step would take twice.
  void Reserve(std::size_t bytes) { text_.reserve(bytes); }

  std::size_t items() const { return items_.size(); }

  // Where items go: some index of a topic, as it is named in the body. Their numbers stay when the
  // body is cleared.
  struct Index {
    std::string name;
    std::string alias;
    std::string topic;
    bool is_of_state = false;
  };
  const std::vector<Index>& indices() const { return indices_; }
  std::size_t IndexOf(std::size_t item) const { return items_[item].index; }
  std::string_view Id(std::size_t item) const;  // its _id

  std::size_t bytes() const {  // of memory
    return text_.size() + kept_.size() + items_.size() * sizeof(Item);
  }

  // Items `first` up to, not including, `last`, ready to be sent.
  std::string_view Text(std::size_t first, std::size_t last) const;

  // The message that an item was made of, as it came. Its views live until the next Add, Clear or
  // change of `value`, which is the room for its value.
  ConsumedMessage Message(std::size_t item, std::string& value) const;

 private:
  struct Item {
    std::size_t text_end = 0;
    std::size_t value = 0;     // where the value goes on in text_ behind its first {; 0: in kept_
    std::size_t kept_end = 0;  // in kept_ are the event id, the key, and some values
    std::size_t event_id_size = 0;
    std::size_t key_size = 0;
    bool has_key = false;
    bool has_value = false;
    std::size_t index = 0;  // its number
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    std::optional<std::int64_t> timestamp_ms;
  };

  std::size_t FindIndex(const ConsumedRecord& record, std::string_view alias);
  void AddAction(const ConsumedRecord& record, std::string_view index);
  void AddTombstone(const ConsumedRecord& record);
  void AddDocument(const ConsumedRecord& record, Item& item);

  std::string text_;
  std::string kept_;
  std::vector<Item> items_;
  std::vector<Index> indices_;
  std::size_t last_index_ = 0;
  std::string name_;       // of an index, while it is looked for
  Instant time_{};         // the last event time, and
  std::string timestamp_;  // the field of a document with it
};

}  // namespace steamflow
