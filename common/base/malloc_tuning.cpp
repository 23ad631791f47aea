#include "malloc_tuning.h"

#include <malloc.h>

namespace steamflow {

void KeepFreedMemory() {
#ifdef __GLIBC__
  constexpr int kBytes = 32 << 20;  // the maximum of M_MMAP_THRESHOLD
  mallopt(M_MMAP_THRESHOLD, kBytes);
  mallopt(M_TRIM_THRESHOLD, kBytes);
#endif
}

void ShareFreedMemory() {
#ifdef __GLIBC__
  mallopt(M_ARENA_MAX, 1);
#endif
}

}  // namespace steamflow
