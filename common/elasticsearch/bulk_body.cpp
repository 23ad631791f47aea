#include "bulk_body.h"

#include <fmt/format.h>

#include <algorithm>

#include "index_names.h"
#include "json.h"

namespace steamflow {
namespace {

constexpr char kBlanks[] = " \t\r\n";

// Returns whether a value already has an `@timestamp`, as that of another producer may. The server
// refuses a document with two.
bool HasTimestamp(std::string_view value) {
  if (value.find("\"@timestamp\"") == std::string_view::npos) return false;
  const auto fields = ParseJsonObject(value);
  return fields && std::any_of(fields->begin(), fields->end(),
                               [](const JsonField& field) { return field.name == "@timestamp"; });
}

// Returns the value with its field `@tombstone` renamed to `@@tombstone`, or nullopt if it has no
// such field. With that field, the alias would hide the player as if it were deleted. The name may
// be written with escapes, so a search in the text alone would not find it.
std::optional<std::string> WithoutTombstone(std::string_view value) {
  const bool may_have = value.find(kTombstoneField) != std::string_view::npos ||
                        value.find("\\u") != std::string_view::npos;
  if (!may_have) return std::nullopt;
  const auto fields = ParseJsonObject(value);
  const auto is_it = [](const JsonField& field) { return field.name == kTombstoneField; };
  if (!fields || std::none_of(fields->begin(), fields->end(), is_it)) return std::nullopt;
  JsonObject renamed;
  for (const JsonField& field : *fields) {
    const std::string name = is_it(field) ? fmt::format("@{}", field.name) : field.name;
    if (field.type == JsonField::Type::kString) {
      renamed.Add(name, field.value);
    } else {
      renamed.AddRaw(name, field.value);
    }
  }
  return renamed.Take();
}

}  // namespace

void BulkBody::Add(const ConsumedRecord& record, std::string_view alias) {
  const ConsumedMessage& message = record.message;
  Item item{.event_id_size = message.event_id->size(),
            .key_size = message.key.value_or("").size(),
            .has_key = message.key.has_value(),
            .has_value = message.value.has_value(),
            .index = FindIndex(record, alias),
            .partition = message.partition,
            .offset = message.offset,
            .timestamp_ms = message.timestamp_ms};
  AddAction(record, indices_[item.index].name);
  kept_ += *message.event_id;
  kept_ += message.key.value_or("");
  if (message.value) {
    AddDocument(record, item);
  } else {
    AddTombstone(record);
  }
  item.kept_end = kept_.size();
  item.text_end = text_.size();
  items_.push_back(item);
}

// Checks the index of the previous record first, because it is nearly always the same.
std::size_t BulkBody::FindIndex(const ConsumedRecord& record, std::string_view alias) {
  const std::string_view topic = record.message.topic;
  name_ = alias;
  name_ += IndexSuffix(record.kind, record.id_time);
  const auto is_it = [&](const Index& index) {
    return index.name == name_ && index.topic == topic;
  };
  if (last_index_ < indices_.size() && is_it(indices_[last_index_])) return last_index_;
  const auto found = std::find_if(indices_.begin(), indices_.end(), is_it);
  last_index_ = static_cast<std::size_t>(found - indices_.begin());
  if (found == indices_.end()) {
    indices_.push_back({.name = name_,
                        .alias = std::string(alias),
                        .topic = std::string(topic),
                        .is_of_state = IsState(record.kind)});
  }
  return last_index_;
}

void BulkBody::AddAction(const ConsumedRecord& record, std::string_view index) {
  text_ += IsState(record.kind) ? R"({"index":{"_index":")" : R"({"create":{"_index":")";
  text_ += index;  // contains no character that JSON has to escape
  if (IsState(record.kind)) {
    fmt::format_to(std::back_inserter(text_),
                   R"(","_id":"{}","version":{},"version_type":"external_gte"}}}})",
                   record.state_id, StateVersion(record));
  } else {
    text_ += R"(","_id":)";
    AppendJsonString(text_, *record.message.event_id);
    text_ += "}}";
  }
  text_ += '\n';
}

void BulkBody::AddTombstone(const ConsumedRecord& record) {
  fmt::format_to(std::back_inserter(text_), R"({{"@timestamp":"{}","{}":true,"steamid":"{}"}})",
                 FormatUtc(record.event_time), kTombstoneField, record.state_id);
  text_ += '\n';
}

void BulkBody::AddDocument(const ConsumedRecord& record, Item& item) {
  if (timestamp_.empty() || record.event_time != time_) {
    time_ = record.event_time;
    timestamp_ = fmt::format(R"("@timestamp":"{}")", FormatUtc(time_));
  }
  const auto renamed =
      IsState(record.kind) ? WithoutTombstone(*record.message.value) : std::nullopt;
  const std::string_view value = renamed ? std::string_view(*renamed) : *record.message.value;
  const std::size_t brace = value.find('{');
  const std::size_t first = value.find_first_not_of(kBlanks, brace + 1);
  text_ += '{';
  if (!HasTimestamp(value)) {
    text_ += timestamp_;
    if (value[first] != '}') text_ += ',';
  }
  const std::size_t rest = text_.size();
  text_ += value.substr(brace + 1);
  // To the server a line break ends the document. In valid JSON it can only stand between tokens,
  // where a blank can replace it.
  const bool has_break = value.find('\n') != std::string_view::npos;
  if (has_break) {
    std::replace(text_.begin() + static_cast<std::ptrdiff_t>(rest), text_.end(), '\n', ' ');
  }
  text_ += '\n';
  if (has_break || brace > 0 || renamed) {
    kept_ += *record.message.value;
  } else {
    item.value = rest;
  }
}

void BulkBody::Clear() {
  text_.clear();
  kept_.clear();
  items_.clear();
}

std::string_view BulkBody::Text(std::size_t first, std::size_t last) const {
  const std::size_t begin = first == 0 ? 0 : items_[first - 1].text_end;
  const std::size_t end = last == 0 ? 0 : items_[last - 1].text_end;
  return std::string_view(text_).substr(begin, end - begin);
}

std::string_view BulkBody::Id(std::size_t item) const {
  if (!indices_[items_[item].index].is_of_state) {
    const std::size_t begin = item == 0 ? 0 : items_[item - 1].kept_end;
    return std::string_view(kept_).substr(begin, items_[item].event_id_size);
  }
  constexpr std::string_view kBefore = R"("_id":")";  // a steamid needs no escapes
  std::string_view text = Text(item, item + 1);
  text.remove_prefix(text.find(kBefore) + kBefore.size());
  return text.substr(0, text.find('"'));
}

ConsumedMessage BulkBody::Message(std::size_t item, std::string& value) const {
  const Item& made = items_[item];
  const std::size_t begin = item == 0 ? 0 : items_[item - 1].kept_end;
  const std::string_view kept = std::string_view(kept_).substr(begin, made.kept_end - begin);
  ConsumedMessage message{.topic = indices_[made.index].topic,
                          .partition = made.partition,
                          .offset = made.offset,
                          .timestamp_ms = made.timestamp_ms,
                          .event_id = kept.substr(0, made.event_id_size)};
  if (made.has_key) message.key = kept.substr(made.event_id_size, made.key_size);
  if (!made.has_value) return message;
  if (made.value == 0) {
    value = kept.substr(made.event_id_size + made.key_size);
  } else {
    value = "{";
    value += std::string_view(text_).substr(made.value, made.text_end - 1 - made.value);
  }
  message.value = value;
  return message;
}

}  // namespace steamflow
