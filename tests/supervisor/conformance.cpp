// A program that Airflow's supervisor runs as a task, and that does what the id of the task says:
// by the library alone, for the tests of what a language's SDK has to do.

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "supervisor.h"
#include "task_log.h"

namespace {

using namespace airflow;

constexpr char kNow[] = "2026-11-22T22:34:00Z";

class Task {
 public:
  Task(Supervisor& supervisor, StartupDetails details, TaskLog& log)
      : supervisor_(supervisor), details_(std::move(details)), log_(log) {}

  // The exit code of the process.
  int Run() {
    const std::map<std::string, std::function<int()>> tasks = {
        {"succeeds", [&] { return End(requests::Succeed(kNow, {})); }},
        {"ends_without_a_word", [] { return 0; }},
        {"dies", [] { return 3; }},
        {"fails", [&] { return End(requests::Fail(kNow)); }},
        {"skips", [&] { return End(requests::Skip(kNow)); }},
        {"retries", [&] { return End(requests::Retry(kNow, "not yet", {})); }},
        {"retries_later", [&] { return End(requests::Retry(kNow, "come back", 90.5)); }},
        {"logs", [&] { return Log(); }},
        {"masks", [&] { return Mask(); }},
        {"connects", [&] { return Tell(requests::GetConnection("redis_default")); }},
        {"has_no_connection", [&] { return Tell(requests::GetConnection("nowhere")); }},
        {"varies", [&] { return Vary(); }},
        {"exchanges", [&] { return Exchange(); }},
        {"fills_an_asset", [&] { return Fill(); }},
        {"asks_for_the_unknown",
         [&] {
           return Give(Ask({{"type", "MakeCoffee"}}, std::chrono::seconds(1)));
         }},
        {"tells_what_it_is", [&] { return Give(FormatStartupDetails(details_)); }},
    };
    const auto found = tasks.find(details_.task_id);
    return found == tasks.end() ? 64 : found->second();
  }

 private:
  Json Ask(const Json& request, Supervisor::Milliseconds timeout = Supervisor::kTimeout) {
    const auto answer = supervisor_.Ask(request, timeout);
    if (answer) return *answer;
    return {{"refused", answer.error().message}, {"kind", static_cast<int>(answer.error().kind)}};
  }
  int End(const Json& request) { return Ask(request).is_null() ? 0 : 1; }
  int Give(const Json& value) {
    const Json kept = Ask(requests::SetXCom(details_, "return_value", value));
    return kept.is_null() ? End(requests::Succeed(kNow, {})) : 1;
  }
  int Tell(const Json& request) { return Give(Ask(request)); }

  int Log() {
    log_.Write(Level::kDebug, "a detail");
    log_.Write(Level::kInfo, "한국어 \"quoted\"\nand a second line");
    log_.Write(Level::kWarning, "careful");
    log_.Write(Level::kError, "broken");
    fmt::print("on stdout\n");
    fmt::print(stderr, "on stderr\n");
    return End(requests::Succeed(kNow, {}));
  }
  int Mask() {
    Ask(requests::MaskSecret("hidden treasure"));
    log_.Write(Level::kInfo, "the hidden treasure is here");
    return End(requests::Succeed(kNow, {}));
  }
  int Vary() {
    Json said = Json::array();
    said.push_back(Ask(requests::GetVariable("colour")));
    said.push_back(Ask(requests::PutVariable("colour", "blue")));
    said.push_back(Ask(requests::GetVariable("colour")));
    said.push_back(Ask(requests::DeleteVariable("colour")));
    said.push_back(Ask(requests::GetVariable("colour")));
    return Give(said);
  }
  int Exchange() {
    const Json got = Ask(requests::GetXCom(details_, "upstream", "return_value"));
    return Give({{"got", got["value"]}, {"large", 9007199254740993}, {"text", "한국어"}});
  }
  int Fill() {
    const Json extra = {{"records", 7}};
    return End(requests::Succeed(kNow, {{.name = "a", .uri = "x://a", .extra = extra}}));
  }

  Supervisor& supervisor_;
  const StartupDetails details_;
  TaskLog& log_;
};

}  // namespace

int main(int argc, char** argv) {
  TaskLog log("conformance");
  log.Write(Level::kInfo, "before the connection");
  auto supervisor = Supervisor::Connect(argc, argv);
  if (!supervisor) return 75;
  log.Connect(supervisor->logs());
  const auto details = supervisor->Start({{"supervised", {"succeeds", "fails"}}});
  if (!details) return 64;
  if (!*details) return 0;
  return Task(*supervisor, **details, log).Run();
}
