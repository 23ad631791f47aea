#include "description.h"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "airflow_connection.h"
#include "airflow_variable.h"
#include "exit_meaning.h"
#include "file_io.h"
#include "json_document.h"
#include "version.h"

namespace steamflow {
namespace {

constexpr char kTopic[] = "topic";  // of Flag::Format()

// Collects the topics that an option names by default.
void AddTopics(const Json& schema, Json& topics) {
  const bool is_list = TextOf(FieldOf(schema, "type")) == "array";
  const Json& text = is_list ? FieldOf(schema, "items") : schema;
  if (TextOf(FieldOf(text, "format")) != kTopic) return;
  const Json& named = FieldOf(schema, "default");
  if (named.is_string()) topics.push_back(named);
  if (named.is_array()) topics.insert(topics.end(), named.begin(), named.end());
}

Json ExitCodes() {
  Json codes = Json::array();
  for (const ExitMeaning& meaning : ExitMeanings()) {
    codes.push_back({{"code", static_cast<int>(meaning.code)},
                     {"kind", Kind(meaning.code)},
                     {"retryable", IsRetryable(meaning.code)},
                     {"description", meaning.text}});
  }
  return codes;
}

Json Describe(const std::string& task, const Flags& flags, ResultParts parts) {
  Json declared = flags.Describe();
  Json topics = Json::array();
  Json variables = Json::array();
  Json connections = Json::array();
  Json environment = Json::array();
  // Airflow's names in the environment tell which variables are its Variables and Connections.
  const std::string of_variables = EnvironmentName("");
  const std::string of_connections = ConnectionVariable("");
  const auto add = [&](const std::string& name, const char* field, const Json& value) {
    const bool is_airflows = name.starts_with(of_variables);
    const std::string shown = is_airflows ? name.substr(of_variables.size()) : name;
    (is_airflows ? variables : environment).push_back({{"name", shown}, {field, value}});
  };
  for (const Json& option : declared["options"]) {
    AddTopics(option["schema"], topics);
    const std::string name = TextOf(FieldOf(option, "environment"));
    if (name.starts_with(of_connections)) {
      connections.push_back({{"id", option["schema"]["default"]}, {"option", option["name"]}});
    } else if (!name.empty()) {
      add(name, "option", option["name"]);
    }
  }
  for (const Json& variable : declared["variables"]) {
    add(TextOf(variable["name"]), "description", variable["description"]);
  }
  for (Json& topic : declared["topics"]) topics.push_back(std::move(topic));
  return {{"task", task},
          {"version", kVersion},
          {"description", std::move(declared["description"])},
          {"example", std::move(declared["example"])},
          {"options", std::move(declared["options"])},
          {"variables", std::move(variables)},
          {"connections", std::move(connections)},
          {"environment", std::move(environment)},
          {"topics", std::move(topics)},
          {"result", ResultSchema(task, parts)},
          {"exit_codes", ExitCodes()}};
}

}  // namespace

int PrintDescription(const std::string& task, const Flags& flags, ResultParts parts) {
  const auto written = WriteAll(STDOUT_FILENO, FormatJson(Describe(task, flags, parts)) + "\n");
  return static_cast<int>(written ? ExitCode::kSuccess : ExitCode::kOutput);
}

std::string HelpFooter() {
  std::string text = "The last line on stdout is the result, as JSON.\n\nExit codes:";
  for (const ExitMeaning& meaning : ExitMeanings()) {
    text += fmt::format("\n  {:<5}{}", static_cast<int>(meaning.code), meaning.text);
  }
  return text;
}

}  // namespace steamflow
