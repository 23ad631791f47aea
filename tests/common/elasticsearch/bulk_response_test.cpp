#include "bulk_response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace steamflow {
namespace {

using Fate = BulkItem::Fate;

BulkItem Only(const std::string& item) {
  const auto items = BulkResponseParser().Parse("{\"items\":[" + item + "]}", 1);
  EXPECT_TRUE(items) << items.error();
  return items ? items->front() : BulkItem{};
}

Fate FateOf(int status, const std::string& type, const std::string& action = "create") {
  const std::string error = type.empty() ? "" : R"(,"error":{"type":")" + type + R"("})";
  return Only("{\"" + action + "\":{\"status\":" + std::to_string(status) + error + "}}").fate;
}

TEST(BulkAnswerTest, TheStatusSaysWhatBecameOfAnItem) {
  EXPECT_EQ(FateOf(201, ""), Fate::kStored);
  EXPECT_EQ(FateOf(200, "", "index"), Fate::kStored);
  EXPECT_EQ(FateOf(200, "", "delete"), Fate::kStored);
  EXPECT_EQ(FateOf(404, "", "delete"), Fate::kStored);
  EXPECT_EQ(FateOf(409, "version_conflict_engine_exception"), Fate::kDuplicate);
  EXPECT_EQ(FateOf(409, "version_conflict_engine_exception", "index"), Fate::kDuplicate);
  EXPECT_EQ(FateOf(429, "es_rejected_execution_exception"), Fate::kTryAgain);
  EXPECT_EQ(FateOf(503, "unavailable_shards_exception"), Fate::kTryAgain);
  EXPECT_EQ(FateOf(500, ""), Fate::kTryAgain);
  EXPECT_EQ(FateOf(400, "mapper_parsing_exception"), Fate::kRefused);
  EXPECT_EQ(FateOf(413, ""), Fate::kRefused);
}

TEST(BulkAnswerTest, WhatIsNoFaultOfTheDocumentIsNoRefusal) {
  EXPECT_EQ(FateOf(403, "cluster_block_exception"), Fate::kTryAgain);
  EXPECT_EQ(FateOf(403, "security_exception"), Fate::kNoRight);
  EXPECT_EQ(FateOf(400, "index_closed_exception"), Fate::kNoIndex);
  EXPECT_EQ(FateOf(404, "index_not_found_exception"), Fate::kNoIndex);
  EXPECT_EQ(FateOf(404, "index_not_found_exception", "delete"), Fate::kNoIndex);
  EXPECT_EQ(FateOf(400, "validation_exception"), Fate::kNoIndex);
}

TEST(BulkAnswerTest, TheReasonHasItsCause) {
  EXPECT_EQ(Only(R"({"create":{"_index":"i","status":400,"error":{"type":"mapper_parsing_exception",
                     "reason":"failed to parse","caused_by":{"type":"x","reason":"a \"cause\""}}}})")
                .reason,
            "mapper_parsing_exception: failed to parse (a \"cause\")");
  EXPECT_EQ(Only(R"({"create":{"status":400}})").reason, "HTTP 400");
  EXPECT_EQ(Only(R"({"create":{"status":201}})").reason, "");
}

TEST(BulkAnswerTest, ItemsKeepTheirOrder) {
  const auto items = BulkResponseParser().Parse(
      R"({"took":1,"errors":true,"items":[{"create":{"status":201}},{"index":{"status":409}},
          {"delete":{"status":429}}]})",
      3);
  ASSERT_TRUE(items);
  EXPECT_EQ((*items)[0].fate, Fate::kStored);
  EXPECT_EQ((*items)[1].fate, Fate::kDuplicate);
  EXPECT_EQ((*items)[2].fate, Fate::kTryAgain);
}

TEST(BulkAnswerTest, WhatIsNoSuchAnswerIsAnError) {
  for (const char* json :
       {"", "<html>", "[]", "{}", R"({"items":7})", R"({"items":[]})",
        R"({"items":[{"create":{"status":201}},{"create":{"status":201}}]})",
        R"({"items":[{"create":{}}]})", R"({"items":[{"create":{"status":"201"}}]})",
        R"({"items":[{}]})", R"({"items":[7]})", R"({"items":[{"create":{"status":201}})",
        R"({"items":[{"create":{"status":201},"index":{"status":201}}]})"}) {
    EXPECT_FALSE(BulkResponseParser().Parse(json, 1)) << json;
  }
}

}  // namespace
}  // namespace steamflow
