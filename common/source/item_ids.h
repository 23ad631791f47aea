#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace steamflow {

// The Steam ids of a run, numbered 0, 1, 2 ... as its items. They are either `size` ids from
// `first` downward, or the ids of a list.
class ItemIds {
 public:
  // A block of a walk. It needs no memory for its ids.
  ItemIds(std::uint64_t first, std::uint64_t size) : first_(first), size_(size) {}
  // An id that the list has twice becomes one item.
  explicit ItemIds(const std::vector<std::uint64_t>& list);

  std::uint64_t size() const { return size_; }
  std::uint64_t Id(std::uint64_t item) const { return list_.empty() ? first_ - item : list_[item]; }
  // Returns the item of an id, or nullopt if the run does not have that id.
  std::optional<std::uint64_t> Item(std::uint64_t id) const;

 private:
  std::uint64_t first_ = 0;
  std::uint64_t size_ = 0;
  std::vector<std::uint64_t> list_;
  std::unordered_map<std::uint64_t, std::uint64_t> items_;  // id -> item, for a list only
};

}  // namespace steamflow
