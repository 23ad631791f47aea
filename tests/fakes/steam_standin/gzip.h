#pragma once

#include <string>
#include <string_view>

namespace steamflow::standin {

/// Returns `text` as one gzip member, compressed at zlib's fastest level.
std::string Gzip(std::string_view text);

/// Returns about 1 MiB of gzip that expands to 1 GiB: the beginning of a JSON document, then
/// spaces. It is created by the first call.
const std::string& GzipBomb();

}  // namespace steamflow::standin
