#include "check_list.h"

#include <fmt/format.h>

#include <chrono>

#include "file_io.h"
#include "json_schema.h"

namespace steamflow {

Check Check::Make(const std::string& name, const std::string& setting,
                  const std::function<std::string()>& body) {
  Check check;
  check.name = name;
  const auto started = Clock::now();
  try {
    check.message = body();
  } catch (const TaskError& error) {
    check.message = error.what();
    check.failure = error.code();
    const bool may_be_setting =
        error.code() == ExitCode::kTransient || error.code() == ExitCode::kAuth;
    if (may_be_setting && check.message.find(setting) == std::string::npos) {
      check.message += fmt::format(" ({})", setting);
    }
  }
  check.milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - started).count();
  return check;
}

void CheckList::Add(Check check) {
  check.message = run_.log.Redact(check.message);
  const std::string time = check.milliseconds > 0 ? fmt::format(", {} ms", check.milliseconds) : "";
  WriteStdout(fmt::format("{:<4}  {:<24}  {}{}\n", check.failure ? "FAIL" : "ok", check.name,
                          OneLine(check.message), time));
  entries_.push_back({{"name", check.name},
                      {"ok", !check.failure},
                      {"milliseconds", check.milliseconds},
                      {"message", check.message}});
  if (check.failure) errors_.emplace_back(*check.failure, check.name + ": " + check.message);
}

Json CheckList::Schema() {
  return schema::ListOf(schema::Object({{"name", schema::Text()},
                                        {"ok", schema::Truth()},
                                        {"milliseconds", schema::Count()},
                                        {"message", schema::Text()}}));
}

void CheckList::Finish() {
  run_.result.lists.emplace_back("checks", std::move(entries_));
  run_.stop.ThrowIfSignalled();
  if (!errors_.empty()) throw Combine(errors_);
}

}  // namespace steamflow
