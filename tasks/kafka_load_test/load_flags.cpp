#include "load_flags.h"

#include "flags.h"

namespace steamflow {

void LoadFlags::AddTo(const Flags& flags) {
  const Flags own = flags.Under("Load");
  own.Add("--topic", topic, "Kafka topic").Format("topic");
  own.Add("--from", from, "Topic to copy the first records of").Format("topic");
  own.Add("--from-file", file,
          "Copy the records of this file instead; it has lines as --sink file:PATH writes them")
      .Format("path");
  own.Add("--sample", sample, "Maximum number of records to copy; at most 16 MiB are copied")
      .Range(std::size_t{1}, std::size_t{100'000});
  own.Add("--factor", factor, "Copies of each record")
      .Range(std::uint64_t{1}, std::uint64_t{1'000'000'000});
  own.Add("--rate", rate, "Records per second [default: as many as Kafka accepts]")
      .Range(0.001, 1e9);
  own.Add("--broker-free-bytes", broker_free_bytes,
          "Free bytes on the disk of the fullest broker; Kafka does not report them");
  own.Add("--strict", strict, "Fail before producing instead of logging a warning");
}

}  // namespace steamflow
