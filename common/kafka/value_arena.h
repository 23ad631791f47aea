#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace steamflow {

// Copies values into reusable slabs and keeps each copy until it is released. This is cheaper than
// an allocation for each of millions of values. Not thread-safe.
class ValueArena {
 public:
  ValueArena() = default;
  ValueArena(const ValueArena&) = delete;
  ValueArena& operator=(const ValueArena&) = delete;

  // Returns a copy of `value`, which stays at its address until Release(). Returns null if the
  // value is too large for a slab.
  char* Copy(std::string_view value);
  // Releases a copy that Copy() returned.
  void Release(const void* copy);

 private:
  // 128 KiB of copies, aligned to its size, so that the address of a copy leads to its slab.
  struct Slab;
  struct FreeSlab {
    void operator()(Slab* slab) const;
  };
  // The slab that new copies go to. `empty_` has the slabs without live copies, and `slabs_` owns
  // all.
  Slab* current_ = nullptr;
  std::vector<Slab*> empty_;
  std::vector<std::unique_ptr<Slab, FreeSlab>> slabs_;
};

}  // namespace steamflow
