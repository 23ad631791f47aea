#include "search_server.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>

#include "kafka_cluster.h"

namespace steamflow::test {
// A shell beside the server waits for the end of its input.
OwnSearch::OwnSearch(const std::string& engine)
    : process_({"/bin/bash", "-c",
                "trap : TERM; \"$0\" start \"$1\" --engine \"$2\"; read -r _; \"$0\" stop \"$1\"; "
                "rm -rf \"$1\"",
                SEARCH_SERVICE,
                std::filesystem::temp_directory_path() / UniqueTopic("steamflow-" + engine),
                engine}),
      url_(process_.ReadLine()) {
  if (url_.empty()) throw std::runtime_error(engine + " does not start");
}

const std::string& RealSearch(const std::string& engine) {
  static std::map<std::string, std::string> given;
  static std::map<std::string, OwnSearch> own;
  const std::string variable =
      engine == "opensearch" ? "STEAMFLOW_TEST_OPENSEARCH" : "STEAMFLOW_TEST_ELASTICSEARCH";
  if (const char* url = std::getenv(variable.c_str()); url && *url) {
    return given.emplace(engine, url).first->second;
  }
  return own.try_emplace(engine, engine).first->second.url();
}

SearchIndices::SearchIndices(const std::string& engine)
    : url_(RealSearch(engine)), prefix_(UniqueTopic("t") + "-") {}

SearchIndices::~SearchIndices() {
  client_.Send("DELETE", url_ + "/" + prefix_ + "*");
  client_.Send("DELETE", url_ + "/_index_template/steamflow-" + prefix_ + "*");
}

JsonValue SearchIndices::Ask(const std::string& method, const std::string& path,
                             const std::string& body, long status) {
  const auto reply = client_.Send(method, url_ + path, "Content-Type: application/json", body);
  if (status != 0 && reply.status != status) {
    throw std::runtime_error(method + " " + path + ": " + std::to_string(reply.status) + " " +
                             reply.body);
  }
  return JsonValue(reply.body);
}

std::int64_t SearchIndices::Count(const std::string& index) {
  Ask("POST", "/" + prefix_ + "*/_refresh");
  return Visible(index);
}

std::int64_t SearchIndices::Visible(const std::string& index) {
  return Ask("GET", "/" + prefix_ + index + "/_count?ignore_unavailable=true").Number("/count");
}

std::string SearchIndices::Source(const std::string& index, const std::string& id) {
  std::string path;  // with every byte of the id escaped that needs it
  for (const char c : id) {
    constexpr char kHex[] = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = std::isalnum(byte) || c == '-' || c == '.' || c == '_';
    path += is_plain ? std::string(1, c) : std::string{'%', kHex[byte >> 4U], kHex[byte & 15U]};
  }
  const auto reply = client_.Send("GET", url_ + "/" + prefix_ + index + "/_source/" + path);
  return reply.status == 200 ? reply.body : "";
}

}  // namespace steamflow::test
