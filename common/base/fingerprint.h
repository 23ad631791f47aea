#pragma once

#include <string>
#include <string_view>

namespace steamflow {

// Returns the first 12 hexadecimal digits of the SHA-256 of `bytes`, in lower case.
std::string Fingerprint(std::string_view bytes);

}  // namespace steamflow
