#pragma once

#include <string>

#include "json_document.h"
#include "topics.h"

namespace steamflow {

// Reads the settings and mappings for the indices of a kind of record, from the file in `folder`
// that elasticsearch-apply installs as their template. Throws TaskError (kConfig) if the file
// cannot be read or is not a JSON object of objects.
Json ReadTemplateFile(const std::string& folder, RecordKind kind);

// Reads any file that is a JSON object of objects. Throws TaskError (kConfig).
Json ReadParts(const std::string& path);

}  // namespace steamflow
