// A program started by `docker exec`: its parent is not in its namespace, and ends soon. Creating a
// namespace needs permissions that a Docker engine needs too.

#include <unistd.h>

#include <csignal>

#include "task_fixture.h"

namespace steamflow::test {
namespace {

using ContainerParent = TaskTest;

TEST_F(ContainerParent, ItsDeathEndsNoRun) {
  Fault(R"({"kind":"latency","ms":2000})");
  std::vector<std::string> command{"/usr/bin/unshare", "--pid", "--fork"};
  if (geteuid() != 0) command.insert(command.end(), {"--user", "--map-root-user"});
  command.push_back(BinaryPath(kPlayersTask));
  Program parent(command, environment_);
  ASSERT_TRUE(Eventually([&] { return Requests() == 1; })) << parent.Err();
  parent.Send(SIGKILL);
  EXPECT_TRUE(
      Eventually([&] { return redis_.Get("last_user_id") == ToText(kFirstPlayersId - 100); }));
}

}  // namespace
}  // namespace steamflow::test
