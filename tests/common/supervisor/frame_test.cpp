#include "frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "file_io.h"

namespace airflow {
namespace {

using testing::HasSubstr;

std::string FrameFile(const std::string& name) {
  return steamflow::ReadFile(FRAMES_FOLDER "/" + name).value();
}

std::string ErrorOf(const std::string& bytes) {
  FrameReader reader;
  reader.Add(bytes);
  const auto next = reader.Next();
  return next ? "" : next.error();
}

TEST(FrameTest, ARequestIsALengthAndAPair) {
  const auto frame = FormatRequest(7, {{"type", "GetVariable"}});
  EXPECT_EQ(frame, std::string("\0\0\0\x14\x92\x07\x81\xA4type\xABGetVariable", 24));
}

TEST(FrameTest, ReadsWhatAirflowSends) {
  FrameReader reader;
  reader.Add(FrameFile("variable"));
  const auto response = reader.Next();
  ASSERT_TRUE(response && *response);
  EXPECT_EQ((*response)->id, 2);
  EXPECT_EQ((*response)->body["value"], "Asia/Seoul");
  EXPECT_TRUE((*response)->error.is_null());
  EXPECT_FALSE(reader.is_inside_frame());
}

TEST(FrameTest, PutsPiecesTogether) {
  const std::string bytes = FrameFile("startup") + FrameFile("nothing") + FrameFile("connection");
  FrameReader reader;
  std::vector<std::int64_t> ids;
  for (const char byte : bytes) {
    reader.Add({&byte, 1});
    const auto response = reader.Next();
    ASSERT_TRUE(response) << response.error();
    if (*response) ids.push_back((*response)->id);
  }
  EXPECT_EQ(ids, (std::vector<std::int64_t>{0, 3, 1}));
}

TEST(FrameTest, TakesSeveralThatArriveTogether) {
  FrameReader reader;
  reader.Add(FrameFile("nothing") + FrameFile("refused"));
  EXPECT_EQ((*reader.Next())->id, 3);
  EXPECT_EQ((*reader.Next())->id, 5);
  EXPECT_EQ(*reader.Next(), std::nullopt);
}

TEST(FrameTest, TheEndOfAResponseMayBeLeftOut) {
  FrameReader reader;
  reader.Add(std::string("\0\0\0\x02\x91\x05", 6));
  const auto response = reader.Next();
  ASSERT_TRUE(response && *response);
  EXPECT_EQ((*response)->id, 5);
  EXPECT_TRUE((*response)->body.is_null());
}

TEST(FrameTest, RefusesALengthThatNoMessageHas) {
  EXPECT_THAT(ErrorOf("GET / HTTP/1.1"), HasSubstr("a frame has 1195725856 bytes"));
  EXPECT_THAT(ErrorOf("\xFF\xFF\xFF\xFF"), HasSubstr("a frame has 4294967295 bytes"));
}

TEST(FrameTest, RefusesWhatIsNoResponse) {
  EXPECT_THAT(ErrorOf(std::string("\0\0\0\x01\x05", 5)), HasSubstr("not [id, body, error]"));
  EXPECT_THAT(ErrorOf(std::string("\0\0\0\x01\x90", 5)), HasSubstr("not [id, body, error]"));
  EXPECT_THAT(ErrorOf(std::string("\0\0\0\x03\x92\xA1x", 7)), HasSubstr("MessagePack"));
  EXPECT_THAT(ErrorOf(std::string("\0\0\0\0", 4)), HasSubstr("MessagePack"));
}

}  // namespace
}  // namespace airflow
