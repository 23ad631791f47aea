#include <cstddef>
#include <cstdint>

#include "invariants.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  steamflow::fuzz::CheckTraceparent({reinterpret_cast<const char*>(data), size});
  return 0;
}
