#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "rest_client.h"

namespace steamflow {

// Returns the address of Kibana or OpenSearch Dashboards, from --kibana-url or else the Airflow
// Variable KIBANA_URL, or nullopt if neither is set. The login is that of the server `search`.
// Throws TaskError (kUsage for the flag, kConfig for the Variable) if the value is not an address.
std::optional<RestServer> ReadKibanaServer(const std::string& flag_value, bool allow_http,
                                           const RestServer& search);

// Changes the saved objects of an export (ndjson) for indices with this prefix: puts the prefix
// before the title of each data view, and after the beginning of each id that begins with
// "steamflow-". Throws TaskError (kConfig) if a line is not a JSON object.
std::string WithIndexPrefix(const std::string& ndjson, const std::string& prefix);

// Imports saved objects, which replace objects with the same ids, and returns their number. Throws
// TaskError as RestClient::Ask does, and kConfig if Kibana does not accept all of them.
std::uint64_t ImportSavedObjects(RestClient& kibana, const std::string& ndjson);

}  // namespace steamflow
