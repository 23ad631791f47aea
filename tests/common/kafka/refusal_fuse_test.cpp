#include "refusal_fuse.h"

#include <gtest/gtest.h>

#include "task_error.h"

namespace steamflow {
namespace {

// Returns how many refusals the fuse withstands.
int Stands(RefusalFuse& fuse, const char* topic, const char* error, int most = 1000) {
  for (int i = 0; i < most; ++i) {
    try {
      fuse.Refuse(topic, error, "why");
    } catch (const TaskError& blown) {
      EXPECT_EQ(blown.code(), ExitCode::kConfig);
      for (const char* part : {topic, error, "why", "it refuses", "--flag"}) {
        EXPECT_NE(std::string(blown.what()).find(part), std::string::npos) << blown.what();
      }
      return i;
    }
  }
  return most;
}

TEST(RefusalFuse, StandsTenOfATopicAndATenthOfThoseTried) {
  RefusalFuse few("it", "--flag");
  few.Try("t", 20);
  EXPECT_EQ(Stands(few, "t", "22003"), 10);
  RefusalFuse many("it", "--flag");
  many.Try("t", 1000);
  EXPECT_EQ(Stands(many, "t", "22003"), 100);
}

TEST(RefusalFuse, CountsTopicsAndErrorsApart) {
  RefusalFuse fuse("it", "--flag");
  fuse.Try("t", 20);
  fuse.Try("u", 20);
  EXPECT_EQ(Stands(fuse, "t", "22003", 10), 10);
  EXPECT_EQ(Stands(fuse, "t", "22P05", 10), 10);
  EXPECT_EQ(Stands(fuse, "u", "22003"), 10);
  EXPECT_EQ(Stands(fuse, "t", "22003"), 0);
}

TEST(RefusalFuse, CountsOverAllBatchesOfARun) {
  RefusalFuse fuse("it", "--flag");
  fuse.Try("t", 100);
  EXPECT_EQ(Stands(fuse, "t", "22003", 10), 10);
  fuse.Try("t", 100);
  EXPECT_EQ(Stands(fuse, "t", "22003"), 10);
}

TEST(RefusalFuse, ForgetsWhatIsTriedAgain) {
  RefusalFuse fuse("it", "--flag");
  fuse.Try("t", 20);
  EXPECT_EQ(Stands(fuse, "t", "22003", 10), 10);
  for (int i = 0; i < 10; ++i) fuse.Forget("t", "22003");
  EXPECT_EQ(Stands(fuse, "t", "22003"), 10);
}

TEST(RefusalFuse, NeverBlowsWhereRefusalsAreAccepted) {
  RefusalFuse fuse("it", "--flag", true);
  fuse.Try("t", 20);
  EXPECT_EQ(Stands(fuse, "t", "22003"), 1000);
}

}  // namespace
}  // namespace steamflow
