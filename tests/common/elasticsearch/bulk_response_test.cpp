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

Fate FateOf400(const std::string& type, const std::string& reason, const std::string& cause = "") {
  const std::string by =
      cause.empty() ? "" : R"(,"caused_by":{"type":"x","reason":")" + cause + "\"}";
  return Only(R"({"create":{"status":400,"error":{"type":")" + type + R"(","reason":")" + reason +
              "\"" + by + "}}}")
      .fate;
}

TEST(BulkResponseTest, TheStatusSaysWhatBecameOfAnItem) {
  EXPECT_EQ(FateOf(201, ""), Fate::kStored);
  EXPECT_EQ(FateOf(200, "", "index"), Fate::kStored);
  EXPECT_EQ(FateOf(409, "version_conflict_engine_exception"), Fate::kDuplicate);
  EXPECT_EQ(FateOf(409, "version_conflict_engine_exception", "index"), Fate::kDuplicate);
  EXPECT_EQ(FateOf(429, "es_rejected_execution_exception"), Fate::kTryAgain);
  EXPECT_EQ(FateOf(503, "unavailable_shards_exception"), Fate::kTryAgain);
  EXPECT_EQ(FateOf(500, ""), Fate::kTryAgain);
}

// The messages are those of OpenSearch 2.19 and Elasticsearch 7.17.
TEST(BulkResponseTest, AValueThatDoesNotParseIsTheDocumentsFault) {
  EXPECT_EQ(FateOf400("mapper_parsing_exception", "failed to parse", "Duplicate field 'a'"),
            Fate::kRefused);
  EXPECT_EQ(FateOf400("document_parsing_exception", "[1:6] failed to parse field [a]"),
            Fate::kRefused);
  EXPECT_EQ(FateOf400("mapper_parsing_exception",
                      "failed to parse field [a] of type [long]. Preview: 'Limit of total fields'",
                      "For input string: Limit of total fields"),
            Fate::kRefused);
  EXPECT_EQ(FateOf400("illegal_argument_exception",
                      "Document contains at least one immense term in field=a"),
            Fate::kRefused);
}

TEST(BulkResponseTest, WhatIsNoFaultOfTheDocumentIsNoRefusal) {
  EXPECT_EQ(FateOf(403, "cluster_block_exception"), Fate::kTryAgain);
  EXPECT_EQ(FateOf(403, "security_exception"), Fate::kNoRight);
  EXPECT_EQ(FateOf(400, "index_closed_exception"), Fate::kNoPlace);
  EXPECT_EQ(FateOf(404, "index_not_found_exception"), Fate::kNoPlace);
  EXPECT_EQ(FateOf(400, "validation_exception"), Fate::kNoPlace);
  EXPECT_EQ(FateOf(400, "strict_dynamic_mapping_exception"), Fate::kNoPlace);
  EXPECT_EQ(FateOf(409, "a_conflict_of_another_kind"), Fate::kNoPlace);
  EXPECT_EQ(FateOf(400, "of_a_later_version"), Fate::kNoPlace);
  EXPECT_EQ(FateOf(413, ""), Fate::kNoPlace);
  EXPECT_EQ(FateOf400("illegal_argument_exception", "pipeline with id [nope] does not exist"),
            Fate::kNoPlace);
  EXPECT_EQ(FateOf400("illegal_argument_exception", "no write index is defined for alias [t]"),
            Fate::kNoPlace);
  EXPECT_EQ(FateOf400("illegal_argument_exception", "Limit of total fields [1] has been exceeded"),
            Fate::kNoPlace);
  EXPECT_EQ(FateOf400("mapper_parsing_exception", "failed to parse",
                      "Limit of total fields [1] has been exceeded while adding new fields [2]"),
            Fate::kNoPlace);
  EXPECT_EQ(FateOf400("mapper_parsing_exception", "failed to parse",
                      "The depth of the field has exceeded the allowed limit of [5]."),
            Fate::kNoPlace);
  EXPECT_EQ(
      FateOf400("mapper_parsing_exception", "failed to parse",
                "The depth of the nested array field has exceeded the allowed limit of [20]."),
      Fate::kRefused)
      << "deeper than any index needs to be";
  EXPECT_EQ(FateOf400("mapper_parsing_exception",
                      "The number of nested documents has exceeded the allowed limit of [1]."),
            Fate::kNoPlace);
}

TEST(BulkResponseTest, ADocumentThatAPipelineDropsIsNotStored) {
  EXPECT_EQ(Only(R"({"create":{"result":"noop","status":200}})").fate, Fate::kNoPlace);
  EXPECT_EQ(Only(R"({"index":{"result":"noop","status":200}})").fate, Fate::kNoPlace);
  EXPECT_EQ(Only(R"({"index":{"result":"updated","status":200}})").fate, Fate::kStored);
}

TEST(BulkResponseTest, TheReasonHasItsCause) {
  EXPECT_EQ(Only(R"({"create":{"_index":"i","status":400,"error":{"type":"mapper_parsing_exception",
                     "reason":"failed to parse","caused_by":{"type":"x","reason":"a \"cause\""}}}})")
                .reason,
            "mapper_parsing_exception: failed to parse (a \"cause\")");
  EXPECT_EQ(Only(R"({"create":{"status":400,"error":{"type":"x","reason":"r"}}})").error, "x");
  EXPECT_EQ(Only(R"({"create":{"status":400}})").reason, "HTTP 400");
  EXPECT_EQ(Only(R"({"create":{"status":201}})").reason, "");
}

TEST(BulkResponseTest, ItemsKeepTheirOrder) {
  const auto items = BulkResponseParser().Parse(
      R"({"took":1,"errors":true,"items":[{"create":{"status":201}},
          {"index":{"status":409,"error":{"type":"version_conflict_engine_exception"}}},
          {"index":{"status":429}}]})",
      3);
  ASSERT_TRUE(items);
  EXPECT_EQ((*items)[0].fate, Fate::kStored);
  EXPECT_EQ((*items)[1].fate, Fate::kDuplicate);
  EXPECT_EQ((*items)[2].fate, Fate::kTryAgain);
}

TEST(BulkResponseTest, WhatIsNoSuchResponseIsAnError) {
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
