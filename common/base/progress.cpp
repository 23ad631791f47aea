#include "progress.h"

#include <fmt/format.h>

namespace steamflow {

void Progress::Show(std::uint64_t done, std::uint64_t retries) {
  const auto now = Clock::now();
  if (!log_.shows_progress() || now - drawn_ < std::chrono::milliseconds(200)) return;
  drawn_ = now;
  const double seconds = std::chrono::duration<double>(now - started_).count();
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  log_.ShowProgress(
      fmt::format("{} of {} items, {:.0f} a second, {} retries", done, total_, rate, retries));
}

}  // namespace steamflow
