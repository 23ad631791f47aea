#pragma once

#include <string>

namespace steamflow::test {

// Throws where the line of a result is not as the task that printed it describes its results.
void CheckDescribed(const std::string& result_line);

}  // namespace steamflow::test
