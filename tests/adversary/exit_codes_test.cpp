// The exit code and the message say what has to be corrected.

#include <filesystem>

#include "task_fixture.h"

namespace steamflow::test {
namespace {

class ExitCodes : public TaskTest {
 protected:
  // Expects that the task ends with this exit code and a message with these parts, without a call
  // of the API.
  void Expect(const std::string& task, int exit_code, const std::vector<std::string>& parts) {
    const Ended run = Run({task, "--deadline", "10"});
    EXPECT_EQ(run.exit_code, exit_code) << run.out << run.err;
    const std::string message = run.Result().Text("/error/message");
    for (const std::string& part : parts) {
      EXPECT_NE(message.find(part), std::string::npos) << part << " in: " << message;
    }
    EXPECT_EQ(Requests(), 0u);
  }

  void UseRedis(const std::string& user_and_password, const RedisServer& server) {
    environment_["AIRFLOW_CONN_REDIS_DEFAULT"] =
        "redis://" + user_and_password + "127.0.0.1:" + std::to_string(server.port()) + "/0";
  }
};

TEST_F(ExitCodes, ARedisClusterIs78) {
  const std::string file = std::filesystem::temp_directory_path() / UniqueTopic("nodes");
  const RedisServer cluster("", {"--cluster-enabled", "yes", "--cluster-config-file", file});
  UseRedis("", cluster);
  for (const char* task : {kGamesTask, kPlayersTask, kNewsTask}) {
    Expect(task, 78, {"Redis at 127.0.0.1", "Redis Cluster"});
  }
  std::filesystem::remove(file);
}

// A run needs these commands only at its end, but reports at its start that they are missing.
TEST_F(ExitCodes, CommandsThatRedisLacksAre78) {
  const RedisServer renamed(
      "", {"--rename-command", "EVAL", "", "--rename-command", "HDEL", "hidden-hdel"});
  UseRedis("", renamed);
  for (const char* task : {kGamesTask, kPlayersTask, kNewsTask}) {
    Expect(task, 78, {"Redis at 127.0.0.1", "EVAL", "HDEL"});
  }
}

TEST_F(ExitCodes, ARightThatTheLoginOfRedisLacksIs77) {
  redis_.Command({"ACL", "SETUSER", "scriptless", "on", ">pw-of-one", "~*", "+@all", "-eval"});
  UseRedis("scriptless:pw-of-one@", redis_);
  Expect(kPlayersTask, 77, {"eval", "permissions"});
  redis_.Command({"ACL", "SETUSER", "keyless", "on", ">pw-of-two", "~other:*", "+@all"});
  UseRedis("keyless:pw-of-two@", redis_);
  Expect(kPlayersTask, 77, {"permissions"});
  redis_.Command({"ACL", "SETUSER", "half", "on", ">pw-of-three", "~*", "+@all", "-incrby"});
  UseRedis("half:pw-of-three@", redis_);
  Expect(kPlayersTask, 77, {});
}

// A login needs only the permissions for the commands that tasks use.
TEST_F(ExitCodes, ALoginOfRedisThatMayDoNoMoreThanTasksDoIsTaken) {
  redis_.Command({"ACL",      "SETUSER",  "modest",  "on",      ">pw",   "~*",
                  "-@all",    "+select",  "+eval",   "+get",    "+set",  "+del",
                  "+hget",    "+hgetall", "+hset",   "+hsetnx", "+hdel", "+hmget",
                  "+hincrby", "+incrby",  "+decrby", "+expire"});
  environment_["AIRFLOW_CONN_REDIS_DEFAULT"] =
      "redis://modest:pw@127.0.0.1:" + std::to_string(redis_.port()) + "/2";
  const Ended run = Run({kPlayersTask});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
}

TEST_F(ExitCodes, WhatIsNoRedisIs78) {
  environment_["AIRFLOW_CONN_REDIS_DEFAULT"] = "redis://" + standin_.url().substr(7) + "/0";
  Expect(kPlayersTask, 78, {"Redis at 127.0.0.1", "does not speak the Redis protocol"});
}

TEST_F(ExitCodes, AWrongTypeInRedisIs65) {
  redis_.Command({"LPUSH", "last_user_id", "1"});
  Expect(kPlayersTask, 65, {"last_user_id"});
  redis_.Command({"DEL", "last_user_id"});
  redis_.Set("last_user_id", "garbage");
  Expect(kPlayersTask, 65, {"last_user_id"});
}

TEST_F(ExitCodes, ACertificateOfKafkaThatNobodyKnowsIs78) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / UniqueTopic("kafka_tls");
  standin::ChildProcess proxy({TLS_PROXY, standin_.url(), folder});
  const std::string address = proxy.ReadLine().substr(std::string("https://").size());
  environment_["AIRFLOW_CONN_KAFKA_DEFAULT"] = "kafka://" + address + "?security.protocol=ssl";
  environment_["SSL_CERT_DIR"] = folder;
  environment_["AIRFLOW_CONN_POSTGRES_DEFAULT"] = "postgres://u@127.0.0.1:1/d";
  for (const char* task : {kCountsTask, "kafka-create-topics"}) {
    const Ended run = Run({task, "--deadline", "10"});
    EXPECT_EQ(run.exit_code, 78) << run.out << run.err;
    EXPECT_NE(run.Result().Text("/error/message").find("certificate"), std::string::npos)
        << run.out;
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace steamflow::test
