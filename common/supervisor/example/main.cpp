// An example: the task `greet` of the DAG `greeter` as a program that Airflow runs itself.

#include <steamflow_supervisor/supervisor.h>
#include <steamflow_supervisor/task_log.h>

#include <ctime>

namespace requests = airflow::requests;

int main(int argc, char** argv) {
  airflow::TaskLog log("greeter");
  auto supervisor = airflow::Supervisor::Connect(argc, argv);
  if (!supervisor) return 75;
  log.Connect(supervisor->logs());
  const auto task = supervisor->Start({{"greeter", {"greet"}}});
  if (!task) return 64;
  if (!*task) return 0;  // Airflow has only asked which tasks there are
  // Airflow believes what it is told only if the process then exits with 0.
  const auto end = [&](const airflow::Json& how) { return supervisor->Ask(how) ? 0 : 70; };
  const std::string now = airflow::FormatTime(std::time(nullptr), 0);

  const auto name = supervisor->Ask(requests::GetVariable("name"));
  if (!name) {
    const airflow::Refusal& refusal = name.error();
    log.Write(airflow::Level::kError, refusal.message);
    const bool helps = refusal.kind != airflow::Refusal::Kind::kNotFound && (*task)->should_retry;
    return end(helps ? requests::Retry(now, refusal.message, 60) : requests::Fail(now));
  }
  const std::string greeting = "Hello, " + (*name)["value"].get<std::string>();
  log.Write(airflow::Level::kInfo, greeting);
  const airflow::Json result = {{"greeting", greeting}};
  if (!supervisor->Ask(requests::SetXCom(**task, "return_value", result))) return 70;
  return end(requests::Succeed(now, {}));
}
