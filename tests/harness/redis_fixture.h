#pragma once

#include <gtest/gtest.h>

#include "redis_client.h"
#include "redis_server.h"
#include "test_run.h"

namespace steamflow::test {

// A real Redis for each test, and a client that is configured as a task configures it.
class RedisTest : public testing::Test {
 protected:
  RedisSettings Settings() const {
    RedisSettings settings;
    settings.host = "127.0.0.1";
    settings.port = server_.port();
    return settings;
  }

  RedisServer server_;  // starts before the signals are blocked
  TestRun test_;
  RedisClient client_{Settings(), test_.stop()};
};

}  // namespace steamflow::test
