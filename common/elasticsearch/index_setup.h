#pragma once

#include <string>
#include <vector>

#include "consumed_record.h"
#include "json_document.h"
#include "rest_client.h"

namespace steamflow {

// A named template or policy on the server, and what Apply did with it.
struct AppliedItem {
  std::string type;  // "index_template", "ilm_policy" or "ism_policy"
  std::string name;
  std::string action;  // "created", "changed" or "unchanged"
};

// Installs what Elasticsearch or OpenSearch needs before it gets documents. For each topic these
// are index templates, with the mapping and the alias of the indices, and a policy that drops old
// months, if the server has lifecycles (ILM or ISM). There is also a template for the sink's
// positions. The functions throw TaskError: as RestClient::Ask does, and kConfig if the server
// refuses a file's content.
class IndexSetup {
 public:
  // Reads the templates from the files in `folder`, one for each kind of record. `client` must
  // outlive this object. Throws TaskError (kConfig) if a file cannot be read or is not a JSON
  // object.
  IndexSetup(RestClient& client, const std::string& folder, const std::string& index_prefix,
             const std::vector<std::string>& topics);

  // Creates or changes all templates and policies so that they match the files. Returns what it
  // did.
  std::vector<AppliedItem> Apply();

  // Creates the templates that are missing, and the policies that belong to them. Changes no
  // others, because an operator may have edited them.
  void ApplyMissing();

 private:
  struct Template {
    std::string name;     // also the name of the policy, if there is one
    std::string pattern;  // which indices the template is for
    Json aliases;
    bool has_policy = false;
    Json parts;  // settings and mappings
  };
  struct Lifecycle;

  // Adds the templates of a topic: one for state, or two for events (with and without a month).
  void AddTopic(const std::string& index_prefix, const std::string& topic);

  const Lifecycle* FindLifecycle();
  // These two compare what the server has with what is wanted, and write only if they differ. A
  // policy is written before the template that names it.
  AppliedItem ApplyPolicy(const Template& wanted, const Lifecycle& lifecycle);
  AppliedItem ApplyTemplate(const Template& wanted, const Lifecycle* lifecycle);
  // Throws TaskError (kConfig) with the reason of the server.
  void Put(const std::string& path, const Json& body);

  RestClient& client_;
  const std::string folder_;
  const std::string start_;  // what the names of all templates begin with
  std::vector<Template> templates_;
};

}  // namespace steamflow
