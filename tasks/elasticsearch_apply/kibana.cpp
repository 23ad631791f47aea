#include "kibana.h"

#include <fmt/format.h>

#include <sstream>

#include "airflow_variable.h"
#include "json_document.h"
#include "parse_number.h"
#include "web_url.h"

namespace steamflow {
namespace {

constexpr char kImport[] = "/api/saved_objects/_import?overwrite=true";
constexpr char kBoundary[] = "steamflow-saved-objects";  // does not occur in an export
constexpr std::string_view kOwnId = "\"steamflow-";

void ReplaceAll(std::string& text, std::string_view what, const std::string& by) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

}  // namespace

std::optional<RestServer> ReadKibanaServer(const std::string& flag_value, bool allow_http,
                                           const RestServer& search) {
  const auto setting = ReadSetting("--kibana-url", flag_value, "KIBANA_URL");
  if (!setting) return std::nullopt;
  RestServer kibana = search;
  kibana.source = setting->source;
  kibana.url = CheckWebUrl(*setting, allow_http, "the dashboards", "http://localhost:5601");
  kibana.headers.push_back("kbn-xsrf: true");  // Kibana refuses changes without it
  kibana.headers.push_back("osd-xsrf: true");  // the same for OpenSearch Dashboards
  return kibana;
}

std::string WithIndexPrefix(const std::string& ndjson, const std::string& prefix) {
  std::string out;
  std::istringstream lines(ndjson);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    auto object = ParseJson(line);
    if (object && !object->is_object()) object = tl::unexpected(std::string("not a JSON object"));
    if (!object) {
      throw TaskError(ExitCode::kConfig, "a line of the saved objects is " + object.error());
    }
    if (FieldOf(*object, "type") == "index-pattern") {
      const Json& title = FieldOf(FieldOf(*object, "attributes"), "title");
      if (title.is_string()) (*object)["attributes"]["title"] = prefix + TextOf(title);
    }
    out += FormatJson(*object) + "\n";
  }
  ReplaceAll(out, kOwnId, std::string(kOwnId) + prefix);
  return out;
}

std::uint64_t ImportSavedObjects(RestClient& kibana, const std::string& ndjson) {
  // The form is built by hand, because it is three lines long and curl_mime would need support in
  // every request.
  const std::string form = fmt::format(
      "--{0}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"steamflow.ndjson\"\r\n"
      "Content-Type: application/ndjson\r\n\r\n{1}\r\n--{0}--\r\n",
      kBoundary, ndjson);
  const HttpResponse response =
      kibana.Ask("POST", kImport, form, fmt::format("multipart/form-data; boundary={}", kBoundary));
  const JsonLeaves leaves = ParseLeaves(response.body);
  const auto leaf = [&](const char* path) {
    const auto found = leaves.find(path);
    return found == leaves.end() ? "" : found->second;
  };
  if (response.status == 200 && leaf("success") == "true") {
    return ParseNumber<std::uint64_t>(leaf("successCount")).value_or(0);
  }
  const std::string cause = response.status == 200
                                ? fmt::format("{} {}: {}", leaf("errors.0.type"),
                                              leaf("errors.0.id"), leaf("errors.0.error.type"))
                                : ErrorReason(response);
  throw TaskError(ExitCode::kConfig,
                  fmt::format("POST {}{}: HTTP {}: {} ({})", kibana.server().url, kImport,
                              response.status, cause, kibana.server().source));
}

}  // namespace steamflow
