#pragma once

namespace steamflow {

// For a process whose buffers of megabytes come and go all the time. Given back to the kernel, each
// of their pages costs a fault when it is used again: 6% of a sink's CPU time. Costs some MiB.
void KeepFreedMemory();

// For a process whose memory is to stay small, before its first thread: what one thread frees the
// others use again. By itself each has a store of its own, which the messages of Kafka, made by one
// thread and freed by another, fill with holes.
void ShareFreedMemory();

}  // namespace steamflow
