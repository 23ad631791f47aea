// A program in a Kubernetes pod, where a sidecar gives Airflow the file in /airflow/xcom. The test
// needs its own root directory for this folder; creating it needs permissions that a Docker engine
// needs too.

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "task_fixture.h"

namespace steamflow::test {
namespace {

// $0 is the new root directory, $1 the folder that becomes /airflow/xcom in it; the command
// follows.
constexpr char kInPod[] = R"(
  set -e
  mount -t tmpfs tmpfs "$0"
  for each in /*; do
    if [ -L "$each" ]; then
      cp -P "$each" "$0"
    elif [ -d "$each" ]; then
      mkdir "$0$each"
      mount --rbind "$each" "$0$each"
    fi
  done
  mkdir -p "$0/airflow/xcom"
  mount --bind "$1" "$0/airflow/xcom"
  root=$0
  shift
  exec chroot "$root" "$@"
)";

class Pod : public ::testing::Test {
 protected:
  Ended Run(const std::vector<std::string>& arguments, const Environment& environment = {}) {
    std::vector<std::string> command{"/usr/bin/unshare", "--mount"};
    if (geteuid() != 0) command.insert(command.end(), {"--user", "--map-root-user"});
    command.insert(command.end(), {"/bin/sh", "-c", kInPod, folder_ / "root", folder_ / "xcom",
                                   BinaryPath(kNewsTask)});
    command.insert(command.end(), arguments.begin(), arguments.end());
    return RunProgram(command, environment);
  }
  std::string XcomFile() const {
    std::ifstream file(folder_ / "xcom/return.json");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / UniqueTopic("pod_test");
  void SetUp() override {
    std::filesystem::create_directories(folder_ / "root");
    std::filesystem::create_directory(folder_ / "xcom");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
};

TEST_F(Pod, UsageErrorsAreInTheXcomFile) {
  const std::vector<std::vector<std::string>> mistakes = {{"--no-such-flag"},
                                                          {"--deadline", "soon"},
                                                          {"--logical-date", "tomorrow"},
                                                          {"--pushgateway-url", "ftp://x"},
                                                          {"--xcom-file"}};
  for (const std::vector<std::string>& mistake : mistakes) {
    SCOPED_TRACE(mistake[0]);
    std::filesystem::remove(folder_ / "xcom/return.json");
    const Ended run = Run(mistake);
    ASSERT_EQ(run.exit_code, 64) << run.out << run.err;
    EXPECT_EQ(run.Result().Text("/error/kind"), "usage");
    EXPECT_EQ(XcomFile(), run.out);
  }
}

TEST_F(Pod, FailuresAreInTheXcomFile) {
  for (const char* variable : {"AIRFLOW_VAR_STEAM_API_URL", "AIRFLOW_VAR_PUSHGATEWAY_URL"}) {
    SCOPED_TRACE(variable);
    std::filesystem::remove(folder_ / "xcom/return.json");
    const Ended run = Run({"--sink", "stdout"}, {{variable, "no url"}});
    ASSERT_EQ(run.exit_code, 78) << run.out << run.err;
    EXPECT_EQ(XcomFile(), run.out);
  }
}

}  // namespace
}  // namespace steamflow::test
