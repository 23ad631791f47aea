// Notes the name of every variable that a program reads, a line each, in the file that
// ENVIRONMENT_SPY names: for LD_PRELOAD.

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
