#pragma once

#include <string>

#include "log.h"
#include "rest_client.h"

namespace steamflow {

class Flags;

// The flags of a task that talks to Elasticsearch or OpenSearch.
struct ElasticsearchFlags {
  std::string conn_id = "elasticsearch_default";
  std::string url;           // --elasticsearch-url
  std::string index_prefix;  // --index-prefix

  void AddTo(const Flags& flags);
};

// Reads the server from --elasticsearch-url, or else from the Airflow Connection. It is either a
// plain http:// or https:// address, or elasticsearch://host:9200 with the schema (the path of the
// URI) http or https; without one, http is used for this machine and https for others. Login and
// password are for basic authentication; the extra `api_key` replaces them. Registers the secrets
// with `log`. Throws TaskError: kUsage for the flag and kConfig for the Connection, if the address
// is malformed, if there is neither, or if it is plain http to another machine and `allow_http` is
// false.
RestServer ReadElasticsearchServer(const ElasticsearchFlags& flags, bool allow_http, Log& log);

// Returns the value of --index-prefix. Throws TaskError (kUsage) if no index name can begin with
// it.
std::string ReadIndexPrefix(const ElasticsearchFlags& flags);

}  // namespace steamflow
