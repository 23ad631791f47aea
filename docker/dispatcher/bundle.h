#pragma once

#include <map>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "messages.h"

namespace steamflow {

// A task in a bundle's manifest. steamflow-bundle copies the fields from steamflow_task() in the
// DAG file.
struct BundleTask {
  std::vector<std::string> argv;  // the program and its arguments
  std::vector<std::string> variables;
  std::vector<std::string> connections;
  std::vector<std::string> outlets;
  std::map<std::string, std::string> environment;
  bool is_optional = false;  // skip the task if one of its Connections is not defined
  bool is_sharded = false;   // each mapped task instance processes one shard
};

// A bundle is an executable with a manifest and a trailer at its end; steamflow-bundle makes it.
// These read the one that is running; `path` is its name in errors, which are sentences.

// Returns the ids of all tasks.
tl::expected<airflow::Tasks, std::string> ReadBundleTasks(const std::string& path);

// Returns one task.
tl::expected<BundleTask, std::string> ReadBundleTask(const std::string& path,
                                                     const std::string& dag_id,
                                                     const std::string& task_id);

}  // namespace steamflow
