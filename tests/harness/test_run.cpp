#include "test_run.h"

#include <pthread.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "json_document.h"

namespace steamflow::test {
namespace {

void SetVariable(const std::string& name, const std::optional<std::string>& value) {
  if (value) {
    ::setenv(name.c_str(), value->c_str(), 1);
  } else {
    ::unsetenv(name.c_str());
  }
}

sigset_t SignalMask() {
  sigset_t mask;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  return mask;
}

}  // namespace

ScopedEnvironment::ScopedEnvironment(const Values& values) {
  for (const auto& [name, value] : values) {
    const char* before = std::getenv(name.c_str());
    before_[name] = before ? std::optional<std::string>(before) : std::nullopt;
    SetVariable(name, value);
  }
}

ScopedEnvironment::~ScopedEnvironment() {
  for (const auto& [name, value] : before_) SetVariable(name, value);
}

TestRun::TestRun(std::chrono::milliseconds deadline)
    : mask_before_(SignalMask()), stop_(deadline) {}

TestRun::~TestRun() {
  ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
}

ScopedFolder::ScopedFolder() {
  std::string path = std::filesystem::temp_directory_path() / "steamflow-test-XXXXXX";
  if (!::mkdtemp(path.data())) throw std::runtime_error("cannot create a temporary folder");
  path_ = path;
}

ScopedFolder::~ScopedFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace steamflow::test
