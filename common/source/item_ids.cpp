#include "item_ids.h"

namespace steamflow {

ItemIds::ItemIds(const std::vector<std::uint64_t>& list) {
  for (const std::uint64_t id : list) {
    if (items_.try_emplace(id, list_.size()).second) list_.push_back(id);
  }
  size_ = list_.size();
}

std::optional<std::uint64_t> ItemIds::Item(std::uint64_t id) const {
  if (list_.empty()) {
    const bool is_there = id <= first_ && first_ - id < size_;
    return is_there ? std::optional(first_ - id) : std::nullopt;
  }
  const auto found = items_.find(id);
  return found == items_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace steamflow
