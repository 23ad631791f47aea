#include "freed_memory.h"

#include <malloc.h>

namespace steamflow {

void KeepFreedMemory() {
#ifdef __GLIBC__
  constexpr int kBytes = 32 << 20;  // the most for M_MMAP_THRESHOLD
  mallopt(M_MMAP_THRESHOLD, kBytes);
  mallopt(M_TRIM_THRESHOLD, kBytes);
#endif
}

}  // namespace steamflow
