#pragma once

#include <string>
#include <string_view>

namespace steamflow {

// The text in gzip's format (RFC 1952), compressed as fast as zlib can.
std::string Gzip(std::string_view text);

}  // namespace steamflow
