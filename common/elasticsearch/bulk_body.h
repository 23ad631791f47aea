#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "consumed_record.h"

namespace steamflow {

// Builds the body of requests to Elasticsearch's _bulk. Each record becomes a line with the action
// and a line with the document. The document is the record's value as received. The event time is
// added to it as the field `@timestamp`, unless the value has that field.
//
// An event is created under its event id, so the server refuses one that it already has. Of state,
// the newest version is kept. A tombstone is stored as a version like any other: if it deleted the
// document, the server would accept an older version that arrives later. Format: Elasticsearch's
// "Bulk API". No I/O.
class BulkBody {
 public:
  // Adds a record. `alias` is the alias of its topic (AliasName).
  void Add(const ConsumedRecord& record, std::string_view alias);
  void Clear();
  // Reserves memory for the body. Growing it step by step would need twice the memory.
  void Reserve(std::size_t bytes) { text_.reserve(bytes); }

  std::size_t items() const { return items_.size(); }

  // An index that items go to, with the name that the body uses for it. The list only grows: Clear
  // keeps it, so that the numbers of indices stay valid.
  struct Index {
    std::string name;
    std::string alias;
    std::string topic;
    bool is_of_state = false;
  };
  const std::vector<Index>& indices() const { return indices_; }
  std::size_t IndexOf(std::size_t item) const { return items_[item].index; }
  std::string_view Id(std::size_t item) const;  // the _id of the item's document

  std::size_t bytes() const {  // the memory that the items take
    return text_.size() + kept_.size() + items_.size() * sizeof(Item);
  }

  // Returns the lines of the items [first, last), ready to be sent.
  std::string_view Text(std::size_t first, std::size_t last) const;

  // Returns the message that an item was made of, as received. `value` is used as the buffer for
  // the message's value. The views are valid until the next Add or Clear, or until `value` changes.
  ConsumedMessage Message(std::size_t item, std::string& value) const;

 private:
  struct Item {
    // These three are positions at which the item ends or begins in the two buffers below. They
    // save a copy of every document.
    std::size_t text_end = 0;
    std::size_t value = 0;  // where text_ has the value, after its first {; 0 = kept_ has it
    std::size_t kept_end = 0;
    std::size_t event_id_size = 0;
    std::size_t key_size = 0;
    bool has_key = false;
    bool has_value = false;
    std::size_t index = 0;  // in indices_
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    std::optional<std::int64_t> timestamp_ms;
  };

  // Returns the number of the record's index, and adds the index to indices_ if it is new.
  std::size_t FindIndex(const ConsumedRecord& record, std::string_view alias);
  // Appends the action line: `create` for events, `index` with an external version for state.
  void AddAction(const ConsumedRecord& record, std::string_view index);
  // Appends a document that has only the steamid, the time and the field that marks tombstones.
  void AddTombstone(const ConsumedRecord& record);
  // Appends the record's value with the field `@timestamp`, on one line. Sets item.value or copies
  // the value to kept_.
  void AddDocument(const ConsumedRecord& record, Item& item);

  // What is sent to the server.
  std::string text_;
  std::string kept_;  // event ids and keys, and the values that text_ does not have unchanged
  std::vector<Item> items_;
  std::vector<Index> indices_;
  // The index of the previous record, which is nearly always that of the next one.
  std::size_t last_index_ = 0;
  std::string name_;       // a buffer for the name of an index
  Instant time_{};         // the last record's event time
  std::string timestamp_;  // the field of a document with time_, kept for the next record
};

}  // namespace steamflow
