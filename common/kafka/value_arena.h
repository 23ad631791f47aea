#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace steamflow {

// Copies of values that live until each is released, in slabs that are used again: cheaper than an
// allocation for each of millions of values. For one thread.
class ValueArena {
 public:
  ValueArena() = default;
  ValueArena(const ValueArena&) = delete;
  ValueArena& operator=(const ValueArena&) = delete;

  // A copy of `value`, at the same address until Release; null where it is too large for a slab.
  char* Copy(std::string_view value);
  // `copy` is what Copy returned.
  void Release(const void* copy);

 private:
  struct Slab;
  struct FreeSlab {
    void operator()(Slab* slab) const;
  };
  Slab* current_ = nullptr;
  std::vector<Slab*> empty_;
  std::vector<std::unique_ptr<Slab, FreeSlab>> slabs_;
};

}  // namespace steamflow
