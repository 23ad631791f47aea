#pragma once

#include <string>
#include <string_view>

namespace steamflow::standin {

/// `text` as one gzip member, at zlib's fastest level.
std::string Gzip(std::string_view text);

/// About 1 MiB of gzip that expands to 1 GiB: the beginning of a JSON document, then spaces. Made
/// at the first call.
const std::string& GzipBomb();

}  // namespace steamflow::standin
