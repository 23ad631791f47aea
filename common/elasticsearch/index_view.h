#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "json_document.h"

// What a server says of an index, and what of it stands in the way of a sink. Pure: no I/O.
namespace steamflow {

// An index that a sink writes into, under the name that it gives to the server.
struct SinkIndex {
  std::string name;
  std::string alias;              // that it has to stand behind; empty: none
  bool hides_tombstones = false;  // by the filter of that alias
};

struct IndexView {
  std::string place;  // the index itself, which may have `name` for an alias
  std::map<std::string, std::string> aliases;  // the filter of each, as JSON
  JsonLeaves settings;                         // "index.final_pipeline"
  Json mappings;                               // an object
};

// From the response to GET /<index>, or from that of the simulation of one that is not there yet.
// Errors: what is wrong with what has that name, as a sentence that goes on after it: "is a data
// stream".
tl::expected<IndexView, std::string> ReadIndex(std::string_view json);
tl::expected<IndexView, std::string> ReadSimulatedIndex(std::string_view json,
                                                        const std::string& name);

// Why a sink may not write into it, as such a sentence: documents would not be found, not be kept
// whole, or be changed on the way. Nothing where it may.
std::optional<std::string> WhyNotForSink(const IndexView& index, const SinkIndex& wanted);

// In which an index is not as it is installed, so that what it refuses may be as good as any.
class MappingDifference {
 public:
  // `installed`: the settings and mappings of its template's file.
  MappingDifference(const IndexView& index, const Json& installed);

  // What may be to blame for the server's refusal of a record: "its mapping of player_count". A
  // field counts if the record has it, and if the server's `reason` names one of the record's then
  // only that. Nothing where all that counts is as installed: so it is the record's own fault.
  // `value` is an object; nothing: a tombstone.
  std::optional<std::string> ToBlame(const std::optional<std::string_view>& value,
                                     std::string_view reason) const;

 private:
  bool Differs(const std::string& field) const;

  std::map<std::string, bool> fields_;  // of the index: whether it is not as installed
  bool is_dynamic_otherwise_ = false;
  std::optional<std::string> setting_;  // that differs
};

}  // namespace steamflow
