#include "bundle.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <string_view>

#include "json_document.h"

namespace steamflow {
namespace {

// The trailer, as in Airflow's "Executable Bundle Spec" 1.0. Three little-endian numbers of 4
// bytes: the length of the source, the length of the manifest, and the version of the trailer. Then
// the SHA-256 of the executable, which Airflow checks, 12 reserved bytes and the magic. The
// manifest is directly before the trailer.
constexpr std::streamoff kTrailerSize = 64;
constexpr std::size_t kMagicAt = 56;
constexpr std::string_view kMagic = "AFBNDL01";
constexpr std::uint32_t kLargestManifest = 16U << 20U;

std::uint32_t LittleEndian(std::string_view bytes) {
  std::uint32_t number = 0;
  for (std::size_t i = 4; i-- > 0;) number = number << 8U | static_cast<unsigned char>(bytes[i]);
  return number;
}

// Reads the running executable, even if steamflow-bundle has replaced it meanwhile.
tl::expected<std::string, std::string> ReadManifestText() {
  std::ifstream file("/proc/self/exe", std::ios::binary);
  std::string trailer(kTrailerSize, '\0');
  if (!file.seekg(-kTrailerSize, std::ios::end) || !file.read(trailer.data(), kTrailerSize)) {
    return tl::unexpected(std::string("it cannot be read"));
  }
  const std::streamoff size = file.tellg();
  if (std::string_view(trailer).substr(kMagicAt) != kMagic) {
    return tl::unexpected(std::string("it is not a bundle (steamflow-bundle makes one)"));
  }
  if (const auto version = LittleEndian(std::string_view(trailer).substr(8)); version != 1) {
    return tl::unexpected(fmt::format("version {} of the trailer is not known", version));
  }
  const std::uint32_t length = LittleEndian(std::string_view(trailer).substr(4));
  if (length > kLargestManifest || length > size - kTrailerSize) {
    return tl::unexpected(std::string("the length of its manifest is wrong"));
  }
  std::string manifest(length, '\0');
  if (!file.seekg(size - kTrailerSize - length) || !file.read(manifest.data(), length)) {
    return tl::unexpected(std::string("its manifest cannot be read"));
  }
  return manifest;
}

tl::expected<Json, std::string> ReadManifest(const std::string& path) {
  const auto text = ReadManifestText();
  if (!text) return tl::unexpected(fmt::format("{}: {}", path, text.error()));
  auto manifest = ParseJson(*text);  // JSON is YAML
  if (manifest) return *std::move(manifest);
  return tl::unexpected(fmt::format("{}: its manifest is {}", path, manifest.error()));
}

std::vector<std::string> Texts(const Json& json) {
  std::vector<std::string> texts;
  for (const Json& text : json) texts.push_back(TextOf(text));
  return texts;
}

bool IsTrue(const Json& json) {
  return json.is_boolean() && json.get<bool>();
}

}  // namespace

tl::expected<airflow::Tasks, std::string> ReadBundleTasks(const std::string& path) {
  const auto manifest = ReadManifest(path);
  if (!manifest) return tl::unexpected(manifest.error());
  airflow::Tasks tasks;
  for (const auto& [dag_id, dag] : FieldOf(*manifest, "dags").items()) {
    tasks[dag_id] = Texts(FieldOf(dag, "tasks"));
  }
  return tasks;
}

tl::expected<BundleTask, std::string> ReadBundleTask(const std::string& path,
                                                     const std::string& dag_id,
                                                     const std::string& task_id) {
  const auto manifest = ReadManifest(path);
  if (!manifest) return tl::unexpected(manifest.error());
  const Json& dag = FieldOf(FieldOf(*manifest, "dags"), dag_id.c_str());
  const auto tasks = ParseJson(TextOf(FieldOf(dag, "steamflow")));
  const Json task = tasks ? FieldOf(*tasks, task_id.c_str()) : Json();
  BundleTask known;
  known.argv = Texts(FieldOf(task, "argv"));
  if (known.argv.empty()) {
    return tl::unexpected(
        fmt::format("{}: it has no task {} of the DAG {}: the DAG file has changed since it was "
                    "packed (steamflow-bundle)",
                    path, task_id, dag_id));
  }
  known.variables = Texts(FieldOf(task, "variables"));
  known.connections = Texts(FieldOf(task, "connections"));
  known.outlets = Texts(FieldOf(task, "outlets"));
  for (const auto& [name, value] : FieldOf(task, "environment").items()) {
    known.environment[name] = TextOf(value);
  }
  known.is_optional = IsTrue(FieldOf(task, "optional"));
  known.is_sharded = IsTrue(FieldOf(task, "sharded"));
  return known;
}

}  // namespace steamflow
