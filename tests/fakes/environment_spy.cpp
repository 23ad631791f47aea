// For LD_PRELOAD: appends the name of every environment variable that the program reads, one per
// line, to the file named by ENVIRONMENT_SPY.

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

extern "C" char* getenv(const char* name) {
  static const auto real = reinterpret_cast<char* (*)(const char*)>(dlsym(RTLD_NEXT, "getenv"));
  static const int file =
      open(real("ENVIRONMENT_SPY"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  const std::string line = std::string(name) + "\n";
  [[maybe_unused]] const auto written = write(file, line.data(), line.size());
  return real(name);
}
