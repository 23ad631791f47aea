#include "preflight.h"

#include <gmock/gmock.h>

namespace steamflow {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint64_t kMiB = 1U << 20U;

// 12 partitions on three brokers, each partition limited to 9 MiB, and 48 MiB to write.
LoadPlan Plan() {
  return {.topic = "t",
          .state = {.partitions = 12, .replication = 3},
          .config = {{"cleanup.policy", {"delete"}},
                     {"retention.bytes", {"8388608"}},
                     {"segment.bytes", {"1048576"}}},
          .brokers = 3,
          .bytes = 48 * kMiB,
          .commonest_key = "570",
          .commonest_key_share = 0.1,
          .broker_free_bytes = 1000 * kMiB};
}

TEST(LoadCheck, APlanWithRoomHasNoDangers) {
  EXPECT_THAT(Dangers(Plan()), IsEmpty());
}

TEST(LoadCheck, FewerPartitionsThanBrokers) {
  LoadPlan plan = Plan();
  plan.state.partitions = 2;
  EXPECT_THAT(Dangers(plan), ElementsAre(HasSubstr("2 partitions for 3 brokers")));
  plan.state.partitions = 3;
  EXPECT_THAT(Dangers(plan), IsEmpty());
}

TEST(LoadCheck, OneKeyWithMoreThanHalfOfTheRecords) {
  LoadPlan plan = Plan();
  plan.commonest_key_share = 0.51;
  EXPECT_THAT(Dangers(plan), ElementsAre(HasSubstr("the key '570' has 51%")));
  plan.commonest_key_share = 0.5;
  EXPECT_THAT(Dangers(plan), IsEmpty());
}

TEST(LoadCheck, ATopicThatNothingLimits) {
  LoadPlan plan = Plan();
  plan.config["retention.bytes"].value = "-1";
  EXPECT_THAT(Dangers(plan), ElementsAre(HasSubstr("t has no limit")));
  plan = Plan();
  plan.config["cleanup.policy"].value = "compact";
  EXPECT_THAT(Dangers(plan), ElementsAre(HasSubstr("t has no limit")));
  plan.config["cleanup.policy"].value = "compact,delete";
  EXPECT_THAT(Dangers(plan), IsEmpty());
}

TEST(LoadCheck, MoreThanABrokerHasFree) {
  LoadPlan plan = Plan();
  plan.broker_free_bytes = 40 * kMiB;  // each of the three brokers has replicas of everything
  EXPECT_THAT(Dangers(plan),
              ElementsAre(HasSubstr("would write 50331648 bytes to a broker that has "
                                    "41943040 bytes free")));
}

TEST(LoadCheck, SizesThatDifferByAByteAreTold) {
  LoadPlan plan = Plan();
  plan.broker_free_bytes = 48 * kMiB - 1;
  EXPECT_THAT(Dangers(plan),
              ElementsAre(HasSubstr("50331648 bytes to a broker that has 50331647")));
}

TEST(LoadCheck, LimitsThatAllowMoreThanABrokerHasFree) {
  LoadPlan plan = Plan();
  plan.broker_free_bytes = 100 * kMiB;  // 12 partitions of 9 MiB are 108
  EXPECT_THAT(Dangers(plan), ElementsAre(HasSubstr("grow to 113246208 bytes on a broker that has "
                                                   "104857600 bytes free")));
  plan.broker_free_bytes = 108 * kMiB;
  EXPECT_THAT(Dangers(plan), IsEmpty());
  plan.broker_free_bytes.reset();
  EXPECT_THAT(Dangers(plan), IsEmpty()) << "the free space is unknown";
}

TEST(LoadCheck, BytesOnABrokerFollowItsPartitions) {
  LoadPlan plan = Plan();
  EXPECT_EQ(BytesOnABroker(plan), 48 * kMiB) << "each broker has a replica of everything";
  plan.state.replication = 1;
  plan.commonest_key_share = 0;
  EXPECT_EQ(BytesOnABroker(plan), 16 * kMiB) << "each broker has four of twelve partitions";
  plan.commonest_key_share = 1;
  EXPECT_EQ(BytesOnABroker(plan), 48 * kMiB) << "one partition gets everything";
  plan.state = {.partitions = 1, .replication = 1};
  plan.commonest_key_share = 0;
  EXPECT_EQ(BytesOnABroker(plan), 48 * kMiB);
}

}  // namespace
}  // namespace steamflow
