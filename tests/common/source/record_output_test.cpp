#include "record_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <filesystem>

#include "file_io.h"
#include "test_run.h"

namespace steamflow {
namespace {

using test::CodeOf;
using test::ScopedFolder;
using test::TestRun;
using testing::ElementsAre;
using testing::Pair;

class RecordSinkTest : public testing::Test {
 protected:
  RecordOutput::OnDelivered Note() {
    return
        [this](std::uint64_t item, Delivery delivery) { delivered_.emplace_back(item, delivery); };
  }
  const SinkResult& result() { return *test_.result.sink; }

  ScopedFolder folder_;
  TestRun test_;
  std::vector<std::pair<std::uint64_t, Delivery>> delivered_;
};

TEST_F(RecordSinkTest, AFileGetsALineARecord) {
  test_.identity.dag_id = "dag";
  test_.identity.run_id = "run\"1";
  const auto sink = MakeLineOutput(test_.run(), "steam_news", folder_.File("out"), Note());
  sink->Write(Record{"몬", "steam_news/1", R"({"gid":"1"})"}, 7);
  sink->Write(DeadLetter{"k", "steam_news/2", "half \xFF a body\n", "no gid"}, 8);
  EXPECT_FALSE(sink->Flush());
  const std::string version = [&] {
    for (const auto& [name, value] : CommonHeaders(test_.identity)) {
      if (name == "task_version") return value;
    }
    return std::string("no task_version");
  }();
  const std::string common = R"("content-type":"application/json","dag_id":"dag",)"
                             R"("run_id":"run\"1","task_version":")" +
                             version + "\"}";
  EXPECT_EQ(ReadFile(folder_.File("out")),
            R"({"topic":"steam_news","key":"몬","event_id":"steam_news/1",)"
            R"("headers":{"event_id":"steam_news/1",)" +
                common + R"(,"value":{"gid":"1"}})" + "\n" +
                R"({"topic":"steam_dead_letters","key":"k","event_id":"steam_news/2",)"
                R"("headers":{"event_id":"steam_news/2","reason":"no gid",)" +
                common + ",\"value\":\"half \xEF\xBF\xBD a body\\n\"}\n");
  EXPECT_THAT(delivered_, ElementsAre(Pair(7, Delivery::kRecord), Pair(8, Delivery::kDeadLetter)));
  EXPECT_EQ(result().type, "file");
  EXPECT_EQ(result().records, 1U);
  EXPECT_EQ(result().acknowledged, 1U);
  EXPECT_EQ(result().dead_letters, 1U);
  EXPECT_EQ(result().bytes, 11U);
}

TEST_F(RecordSinkTest, NothingIsDeliveredBeforeItIsWritten) {
  const auto sink = MakeLineOutput(test_.run(), "t", folder_.File("out"), Note());
  sink->Write(Record{"k", "e", "{}"}, 0);
  EXPECT_TRUE(delivered_.empty());
  const std::string large = "{\"x\":\"" + std::string(100'000, 'x') + "\"}";
  sink->Write(Record{"k", "e", large}, 1);  // more than fits into the buffer
  EXPECT_EQ(delivered_.size(), 2U);
  EXPECT_GT(std::filesystem::file_size(folder_.File("out")), large.size());
}

TEST_F(RecordSinkTest, AFileIsWrittenFromItsBeginning) {
  ASSERT_TRUE(ReplaceFile(folder_.File("out"), "what was there\n"));
  EXPECT_FALSE(MakeLineOutput(test_.run(), "t", folder_.File("out"), Note())->Flush());
  EXPECT_EQ(ReadFile(folder_.File("out")), "");
}

TEST_F(RecordSinkTest, AFileThatCannotBeOpenedIsUsage) {
  EXPECT_EQ(CodeOf([&] { MakeLineOutput(test_.run(), "t", folder_.File("no/out"), Note()); }),
            ExitCode::kUsage);
}

TEST_F(RecordSinkTest, AFullDiskIsAnOutputError) {
  const auto sink = MakeLineOutput(test_.run(), "t", "/dev/full", Note());
  sink->Write(Record{"k", "e", "{}"}, 0);
  EXPECT_EQ(CodeOf([&] { sink->Flush(); }), ExitCode::kOutput);
  EXPECT_TRUE(delivered_.empty());
  EXPECT_EQ(result().acknowledged, 0U);
}

TEST_F(RecordSinkTest, ADryRunOnlyCounts) {
  const auto sink = MakeNullOutput(test_.run(), "t", Note());
  sink->Write(Record{"k", "e", "{}"}, 3);
  sink->Write(DeadLetter{"k", "e", "x", "why"}, 4);
  sink->Poll();
  EXPECT_FALSE(sink->Flush());
  EXPECT_THAT(delivered_, ElementsAre(Pair(3, Delivery::kRecord), Pair(4, Delivery::kDeadLetter)));
  EXPECT_EQ(result().type, "none");
  EXPECT_EQ(result().records, 1U);
  EXPECT_EQ(result().dead_letters, 1U);
}

TEST(CommonHeadersTest, LeaveOutWhatIsNotKnown) {
  EXPECT_THAT(CommonHeaders({}), ElementsAre(Pair("content-type", "application/json"),
                                             Pair("task_version", testing::Not(""))));
}

TEST(CommonHeadersTest, HaveTheTraceOfTheRun) {
  const std::string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const test::ScopedEnvironment environment("TRACEPARENT", trace);
  EXPECT_THAT(CommonHeaders({}), testing::Contains(Pair("traceparent", trace)));
}

}  // namespace
}  // namespace steamflow
