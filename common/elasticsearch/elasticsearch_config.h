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

// The server from --elasticsearch-url, else from the Airflow Connection: elasticsearch://host:9200,
// whose schema (the path of the URI) is http or https, by default http for this machine and https
// for others; or a plain http:// or https:// address. Login and password are for basic
// authentication, the extra `api_key` goes in their place. Secrets are made known to `log`. Throws
// TaskError: kUsage for a flag, kConfig for the Connection, also where neither is given and for
// plain http to another machine unless `allow_http`.
RestServer ReadElasticsearchServer(const ElasticsearchFlags& flags, bool allow_http, Log& log);

// --index-prefix, if an index name can begin with it. Throws TaskError (kUsage).
std::string ReadIndexPrefix(const ElasticsearchFlags& flags);

}  // namespace steamflow
