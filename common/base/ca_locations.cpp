#include "ca_locations.h"

#include <filesystem>

#include "environment.h"

namespace steamflow {
namespace {

constexpr char kSystemFolder[] = "/etc/ssl/certs";  // Debian, Ubuntu, Alpine

bool IsHashedFolder(const std::string& folder) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".0") return true;
  }
  return false;
}

}  // namespace

CaLocations ReadCaLocations() {
  CaLocations locations{EnvironmentValue("SSL_CERT_FILE").value_or(""),
                        EnvironmentValue("SSL_CERT_DIR").value_or("")};
  // Rather than what the library chooses: that may be a bundle, all of which costs every process
  // 30 ms to parse.
  if (locations.file.empty() && locations.folder.empty() && IsHashedFolder(kSystemFolder)) {
    locations.folder = kSystemFolder;
  }
  return locations;
}

}  // namespace steamflow
