#pragma once

#include <string>

#include "json_document.h"
#include "topics.h"

namespace steamflow {

// The settings and mappings of the indices of a kind of record: the file of `folder` that
// elasticsearch-apply makes their templates of. Throws TaskError (kConfig): it cannot be read, or
// is no object of objects.
Json ReadTemplateFile(const std::string& folder, RecordKind kind);

// The same of any file that is an object of objects.
Json ReadParts(const std::string& path);

}  // namespace steamflow
