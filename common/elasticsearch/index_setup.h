#pragma once

#include <string>
#include <vector>

#include "consumed_record.h"
#include "json_document.h"
#include "rest_client.h"

namespace steamflow {

// Something that a server keeps under a name, and what was done so that it is as wanted.
struct AppliedItem {
  std::string type;  // "index_template", "ilm_policy" or "ism_policy"
  std::string name;
  std::string action;  // "created", "changed" or "unchanged"
};

// What Elasticsearch or OpenSearch has to know before documents come: for each topic index
// templates (the mapping, the alias that the indices stand behind), and a policy that drops old
// months where the server has lifecycles: ILM or ISM. And a template for the sink's positions.
// Throws TaskError as RestClient::Ask does, and kConfig where the server refuses what a file says.
class IndexSetup {
 public:
  // The templates and policies are files in `folder`, one for each kind of record. `client` must
  // outlive this. Throws TaskError (kConfig): a file that cannot be read or is no JSON object.
  IndexSetup(RestClient& client, const std::string& folder, const std::string& index_prefix,
             const std::vector<std::string>& topics);

  // Makes everything as the files want it.
  std::vector<AppliedItem> Apply();

  // Does so for topics without a template, and leaves all else alone, whoever changed it.
  void ApplyMissing();

 private:
  struct Template {
    std::string name;     // of the policy too, where there is one
    std::string pattern;  // of its indices
    Json aliases;
    bool has_policy = false;
    Json parts;  // settings and mappings
  };
  struct Lifecycle;

  void AddTopic(const std::string& alias, RecordKind kind);

  const Lifecycle* FindLifecycle();
  AppliedItem ApplyPolicy(const Template& wanted, const Lifecycle& lifecycle);
  AppliedItem ApplyTemplate(const Template& wanted, const Lifecycle* lifecycle);
  void Put(const std::string& path, const Json& body);

  RestClient& client_;
  const std::string folder_;
  const std::string start_;  // of the names of all templates
  std::vector<Template> templates_;
};

}  // namespace steamflow
