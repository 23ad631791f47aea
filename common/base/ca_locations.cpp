#include "ca_locations.h"

#include <filesystem>

#include "environment.h"

namespace steamflow {
namespace {

constexpr char kSystemFolder[] = "/etc/ssl/certs";  // on Debian, Ubuntu and Alpine

// Returns whether the folder holds certificates under names made from their hashes, such as
// 5ed36f99.0, which is how OpenSSL looks them up.
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
  // The library's own default may be a bundle file, which every process would spend 30 ms parsing.
  if (locations.file.empty() && locations.folder.empty() && IsHashedFolder(kSystemFolder)) {
    locations.folder = kSystemFolder;
  }
  return locations;
}

}  // namespace steamflow
