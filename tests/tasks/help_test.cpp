// --help names every variable and Connection that a program reads.

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "task_fixture.h"

namespace steamflow::test {
namespace {

constexpr char kNowhere[] = "127.0.0.1:1";

std::vector<std::string> Tasks() {
  std::vector<std::string> tasks;
  std::istringstream names(TASKS);
  for (std::string name; std::getline(names, name, ',');) tasks.push_back(name);
  return tasks;
}

// Returns the project's variables that the task reads, before and after it tries to reach servers
// that do not exist.
std::set<std::string> ReadBy(const std::string& task, Environment environment) {
  const std::string file = std::filesystem::temp_directory_path() / UniqueTopic("environment");
  environment["LD_PRELOAD"] = ENVIRONMENT_SPY;
  environment["ENVIRONMENT_SPY"] = file;
  RunProgram({task, "--deadline", "1"}, environment);
  std::set<std::string> names;
  std::ifstream lines(file);
  for (std::string name; std::getline(lines, name);) {
    // This is not a setting: the dispatcher passes the connection of a native task in it.
    if (name == "STEAMFLOW_SUPERVISOR") continue;
    for (const char* start : {"AIRFLOW_VAR_", "AIRFLOW_CONN_", "STEAM", "PUSHGATEWAY_"}) {
      if (name.rfind(start, 0) == 0) names.insert(name);
    }
  }
  std::filesystem::remove(file);
  return names;
}

// Returns whether a variable belongs to a placeholder in the connectors' files, which --help cannot
// know.
bool IsOfAConnector(const std::string& task, const std::string& name) {
  return task == "connect-apply" && name.rfind("AIRFLOW_VAR_CONNECT_", 0) == 0;
}

TEST(Help, NamesEveryVariableThatIsRead) {
  ASSERT_GT(Tasks().size(), 10U);
  std::set<std::string> all;
  for (const std::string& task : Tasks()) {
    const Ended help = RunProgram({task, "--help"}, {});
    EXPECT_EQ(help.exit_code, 0);
    Environment set = TaskEnvironment(std::string("http://") + kNowhere, kNowhere,
                                      std::string("redis://") + kNowhere);
    set["AIRFLOW_CONN_POSTGRES_DEFAULT"] = std::string("postgres://u@") + kNowhere + "/d";
    set["AIRFLOW_CONN_ELASTICSEARCH_DEFAULT"] = std::string("http://") + kNowhere;
    set["AIRFLOW_CONN_CONNECT_DEFAULT"] = std::string("http://") + kNowhere;
    for (const Environment& environment : {set, Environment{}}) {
      for (const std::string& name : ReadBy(task, environment)) {
        all.insert(name);
        if (IsOfAConnector(task, name)) continue;
        EXPECT_NE(help.out.find(name), std::string::npos) << task << " does not name " << name;
      }
    }
  }
  for (const char* name : {"AIRFLOW_VAR_STEAM_API_KEY", "AIRFLOW_CONN_REDIS_DEFAULT",
                           "AIRFLOW_CONN_POSTGRES_DEFAULT", "AIRFLOW_VAR_PUSHGATEWAY_URL"}) {
    EXPECT_TRUE(all.contains(name)) << "the spy did not see " << name;
  }
}

}  // namespace
}  // namespace steamflow::test
