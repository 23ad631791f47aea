#include "environment.h"

#include <cstdlib>

namespace steamflow {

std::optional<std::string> EnvironmentValue(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (!value || !*value) return std::nullopt;
  return value;
}

}  // namespace steamflow
