#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "json_document.h"

// Reads what a server says about an index, and decides whether a sink can write into it. No I/O.
namespace steamflow {

// What a sink requires of an index that it writes into.
struct SinkIndex {
  std::string name;               // the name that the sink uses in requests
  std::string alias;              // the alias that the index must have; empty = none
  bool hides_tombstones = false;  // the alias must have the filter that hides tombstones
  Json owner = nullptr;           // what OwnerOf says of its topic and prefix; null = not checked
};

// Returns the `_meta` that the templates give to the mappings of a topic's indices. Two topics can
// have indices of the same name, because AliasName lower-cases; and so can a prefix with a topic.
// Both would then take the other's event ids for duplicates.
Json OwnerOf(const std::string& index_prefix, const std::string& topic);

// What a server says about an index.
struct IndexView {
  std::string place;  // the real name of the index, if SinkIndex::name is an alias
  std::map<std::string, std::string> aliases;  // each alias with its filter, as JSON
  JsonLeaves settings;                         // by path, such as "index.final_pipeline"
  Json mappings;                               // an object
};

// Parse the response to GET /<index>, or to the simulation of an index that does not exist yet. An
// error is the end of a sentence that begins with the name: "is a data stream".
tl::expected<IndexView, std::string> ReadIndex(std::string_view json);
tl::expected<IndexView, std::string> ReadSimulatedIndex(std::string_view json,
                                                        const std::string& name);

// Returns why a sink must not write into an index, as the end of such a sentence: its documents
// would not be found, not be kept whole, or be changed by the server. Returns nullopt if the sink
// may write.
std::optional<std::string> WhyNotForSink(const IndexView& index, const SinkIndex& wanted);

// The difference between an index and the template that elasticsearch-apply installs. An index that
// differs may refuse records that are in order, so its refusals do not prove that a record is bad.
class MappingDifference {
 public:
  // `installed` are the settings and mappings in the file of the index's template.
  MappingDifference(const IndexView& index, const Json& installed);

  // Returns the difference that may have made the server refuse a record: "its mapping of
  // player_count". Returns nullopt if nothing that concerns the record differs, so that the fault
  // is the record's own. The fields that concern the record are those that it has; if the server's
  // `reason` names one of them, only that one. `value` is the record's JSON object, or nullopt for
  // a tombstone.
  std::optional<std::string> ToBlame(const std::optional<std::string_view>& value,
                                     std::string_view reason) const;

 private:
  bool Differs(const std::string& field) const;

  std::map<std::string, bool> fields_;  // for each field of the index, whether its mapping differs
  bool is_dynamic_otherwise_ = false;   // whether unknown fields are treated differently
  std::optional<std::string> setting_;  // a setting that differs
};

}  // namespace steamflow
