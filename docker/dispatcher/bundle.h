#pragma once

#include <map>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "messages.h"

namespace steamflow {

// What a bundle's manifest says of one task, as its DAG file does.
struct BundleTask {
  std::vector<std::string> argv;  // the program and its arguments
  std::vector<std::string> variables;
  std::vector<std::string> connections;
  std::vector<std::string> outlets;
  std::map<std::string, std::string> environment;
  bool is_optional = false;  // skipped where a Connection is not defined
  bool is_sharded = false;   // a mapped task is a shard
};

// The tasks that a bundle has. Errors: a sentence.
tl::expected<airflow::Tasks, std::string> ReadBundleTasks(const std::string& path);

// A task of a bundle: an executable with a manifest and a trailer at its end, as steamflow-bundle
// makes it. Errors: a sentence.
tl::expected<BundleTask, std::string> ReadBundleTask(const std::string& path,
                                                     const std::string& dag_id,
                                                     const std::string& task_id);

}  // namespace steamflow
