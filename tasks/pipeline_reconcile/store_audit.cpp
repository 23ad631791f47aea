#include "store_audit.h"

#include <chrono>

#include "index_names.h"

namespace steamflow {

AuditedRecord::AuditedRecord(const ConsumedRecord& record, std::string place_in_kafka)
    : event_id(*record.message.event_id),
      topic(record.message.topic),
      place(std::move(place_in_kafka)),
      kind(record.kind),
      event_time(record.event_time),
      id_time(record.id_time),
      state_id(record.state_id),
      state_version(StateVersion(record)) {}

bool IsMonthBefore(Instant month, Instant since) {
  const auto month_of = [](Instant instant) {
    const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(instant));
    return day.year() / day.month();
  };
  return month_of(month) < month_of(since);
}

}  // namespace steamflow
