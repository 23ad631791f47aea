// kafka-to-postgres and a server with a disk that is really full: the tables are on a filesystem of
// a few megabytes.

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "child_process.h"
#include "postgres_sink_fixture.h"

namespace steamflow::test {
namespace {

constexpr int kRecords = 90'000;  // twice what the filler leaves room for

// The filesystem is in the server's own mount namespace, so that it disappears with the server.
constexpr char kServe[] = R"(
  trap : TERM
  mkdir -p "$1/disk" && mount -t tmpfs -o size=64m tmpfs "$1/disk" && chown nobody: "$1/disk" &&
    "$0" start "$1"
  read -r _
  "$0" stop "$1")";

// A server that only this test uses. RealPostgres uses it too.
class ServerWithSmallDisk {
 public:
  ServerWithSmallDisk()
      : server_(
            {"/usr/bin/unshare", "--mount", "/bin/bash", "-c", kServe, POSTGRES_SERVICE, folder_}) {
    const std::string address = server_.ReadLine();
    if (address.find("127.0.0.1:") != 0) throw std::runtime_error("PostgreSQL: " + address);
    setenv("STEAMFLOW_TEST_POSTGRES", address.c_str(), 1);
  }
  ~ServerWithSmallDisk() {
    server_.CloseStdin();
    server_.Wait();
    std::filesystem::remove_all(folder_);
  }
  std::string disk() const { return folder_ + "/disk"; }

 private:
  const std::string folder_ =
      std::filesystem::temp_directory_path() / ("steamflow-small-disk." + std::to_string(getpid()));
  standin::ChildProcess server_;
};

class PostgresDisk : public PostgresSinkTest {
 protected:
  static void SetUpTestSuite() {
    if (geteuid() == 0) server_.emplace();
  }
  static void TearDownTestSuite() { server_.reset(); }
  void SetUp() override {
    if (!server_) GTEST_SKIP() << "only root may mount a filesystem";
  }

  static std::optional<ServerWithSmallDisk> server_;
};

std::optional<ServerWithSmallDisk> PostgresDisk::server_;

TEST_F(PostgresDisk, WhatHasNoRoomIsStoredWhenThereIsSome) {
  database_.Execute("CREATE TABLESPACE small LOCATION '" + server_->disk() + "'");
  database_.Execute(
      "CREATE TABLE public.filler WITH (fillfactor = 10) TABLESPACE small AS "
      "SELECT generate_series(1, 159000)");
  database_.Execute("ALTER DATABASE \"" + database_.name() + "\" SET default_tablespace TO small");
  WriteMany("t", kRecords);

  const Ended full = Run({"--topic", "t"});
  EXPECT_EQ(full.exit_code, 75) << full.out;
  EXPECT_NE(full.err.find("No space left on device"), std::string::npos) << full.err;
  const auto stored = full.Result().Number("/sink/inserted");
  EXPECT_GT(stored, 0);
  EXPECT_LT(stored, kRecords);
  EXPECT_EQ(Rows("records"), std::to_string(stored));
  EXPECT_EQ(Value(R"(SELECT sum("offset") FROM sink_offsets)"), std::to_string(stored));

  database_.Execute("DROP TABLE public.filler");
  EXPECT_EQ(Sink(Drain({"--topic", "t"})), Counts(kRecords - static_cast<int>(stored), 0, 0));
  const std::string all = std::to_string(kRecords);
  EXPECT_EQ(Value("SELECT (count(*), count(DISTINCT event_id)) FROM records"),
            "(" + all + "," + all + ")");
  EXPECT_EQ(Letters().size(), 0u);
}

}  // namespace
}  // namespace steamflow::test
