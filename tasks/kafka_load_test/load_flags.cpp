#include "load_flags.h"

#include "flags.h"

namespace steamflow {

void LoadFlags::AddTo(const Flags& flags) {
  const Flags own = flags.Under("Load");
  own.Add("--topic", topic, "Kafka topic").Format("topic");
  own.Add("--from", from, "Topic whose first records are copied").Format("topic");
  own.Add("--from-file", file,
          "Copy the records of this file instead, with lines as --sink file:PATH writes them")
      .Format("path");
  own.Add("--sample", sample, "The most records to copy; at most 16 MiB are copied")
      .Range(std::size_t{1}, std::size_t{100'000});
  own.Add("--factor", factor, "Copies of each record")
      .Range(std::uint64_t{1}, std::uint64_t{1'000'000'000});
  own.Add("--rate", rate, "Records a second [default: as many as Kafka takes]").Range(0.001, 1e9);
  own.Add("--broker-free-bytes", broker_free_bytes,
          "Free disk space of the broker that has the least, which Kafka does not report");
  own.Add("--strict", strict, "Refuse to run where there would be a warning");
}

}  // namespace steamflow
