#pragma once

#include <string>

namespace steamflow {

// The places where a TLS client looks for the CA certificates that it trusts. If both are empty,
// the client uses the default of its TLS library.
struct CaLocations {
  std::string file;  // PEM file that holds all certificates
  // Folder with one file per certificate, named by its hash. The TLS library reads only the files
  // that it needs.
  std::string folder;
};

// Returns the locations in SSL_CERT_FILE and SSL_CERT_DIR. If neither is set, returns the system's
// folder of hashed certificates, provided that there is one.
CaLocations ReadCaLocations();

}  // namespace steamflow
