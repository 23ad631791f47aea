#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "rest_client.h"

namespace steamflow {

// Kibana, or OpenSearch Dashboards, from --kibana-url, else the Airflow Variable KIBANA_URL;
// nothing where neither is set. It has the logins of the search server. Throws TaskError (kUsage,
// kConfig) where that is no address.
std::optional<RestServer> ReadKibanaServer(const std::string& flag_value, bool allow_http,
                                           const RestServer& search);

// The saved objects of an export (ndjson), for indices with this prefix: it comes before the title
// of each data view, and into each id that begins with "steamflow-". Throws TaskError (kConfig)
// where a line is no object.
std::string WithIndexPrefix(const std::string& ndjson, const std::string& prefix);

// Imports saved objects, over what has the same ids, and returns their number. Throws TaskError as
// RestClient::Ask does, and kConfig where Kibana does not take all of them.
std::uint64_t ImportSavedObjects(RestClient& kibana, const std::string& ndjson);

}  // namespace steamflow
