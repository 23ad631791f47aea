#include "value_arena.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace steamflow {
namespace {
// Also the alignment of a slab, so that the address of a value leads to its slab.
constexpr std::size_t kSlabSize = 128U << 10U;
}  // namespace

struct ValueArena::Slab {
  std::size_t used = sizeof(Slab);
  std::size_t live = 0;  // values that are not released

  char* At(std::size_t offset) { return reinterpret_cast<char*>(this) + offset; }
};

void ValueArena::FreeSlab::operator()(Slab* slab) const {
  std::free(slab);
}

char* ValueArena::Copy(std::string_view value) {
  // An empty value takes one byte: at the end of a full slab, its address would belong to another
  // slab.
  const std::size_t size = std::max<std::size_t>(value.size(), 1);
  if (size > kSlabSize - sizeof(Slab)) return nullptr;
  if (!current_ || size > kSlabSize - current_->used) {
    if (empty_.empty()) {
      void* const memory = std::aligned_alloc(kSlabSize, kSlabSize);
      if (!memory) throw std::bad_alloc();
      slabs_.emplace_back(new (memory) Slab);
      empty_.push_back(slabs_.back().get());
    }
    current_ = empty_.back();
    empty_.pop_back();
    current_->used = sizeof(Slab);
  }
  char* const copy = current_->At(current_->used);
  std::memcpy(copy, value.data(), value.size());
  current_->used += size;
  ++current_->live;
  return copy;
}

void ValueArena::Release(const void* copy) {
  const auto address = reinterpret_cast<std::uintptr_t>(copy);
  auto* const slab = reinterpret_cast<Slab*>(address & ~(kSlabSize - 1));
  if (--slab->live > 0) return;
  if (slab == current_) {
    slab->used = sizeof(Slab);
  } else {
    empty_.push_back(slab);
  }
}

}  // namespace steamflow
