#pragma once

#include <string>

namespace steamflow {

// Where a TLS client looks for the CA certificates that it trusts. Both empty: where its library
// does.
struct CaLocations {
  std::string file;    // of all of them, PEM
  std::string folder;  // of a file for each, named by its hash; only what is needed is read
};

// What SSL_CERT_FILE and SSL_CERT_DIR say; without either the system's folder, where it has one.
CaLocations ReadCaLocations();

}  // namespace steamflow
