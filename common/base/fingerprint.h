#pragma once

#include <string>
#include <string_view>

namespace steamflow {

// The first 12 hexadecimal digits of the SHA-256 of `bytes`.
std::string Fingerprint(std::string_view bytes);

}  // namespace steamflow
