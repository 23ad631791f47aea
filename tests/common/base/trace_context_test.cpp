#include "trace_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_run.h"

namespace steamflow {
namespace {

using test::ScopedEnvironment;
using testing::HasSubstr;

constexpr char kValid[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST(TraceContextTest, TakesWhatTheStandardAllows) {
  EXPECT_TRUE(IsTraceparent(kValid));
  EXPECT_TRUE(IsTraceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff"));
  EXPECT_TRUE(IsTraceparent("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"));
  EXPECT_TRUE(IsTraceparent("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00-later"));
}

TEST(TraceContextTest, RefusesAllElse) {
  for (const char* text : {
           "",
           "00",
           "0af7651916cd43dd8448eb211c80319c",
           "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",    // upper case
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",     // short
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-a",  // long for version 00
           "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01a",   // no separator
           "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-\n",
           "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",  // no version
           "0g-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "00-00000000000000000000000000000000-b7ad6b7169203331-01",  // no trace
           "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",  // no span
           "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331_01",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333x-01",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x",
       }) {
    EXPECT_FALSE(IsTraceparent(text)) << text;
  }
}

TEST(TraceContextTest, IsOfABoundedSize) {
  const std::string later = "cc" + std::string(kValid).substr(2) + "-";
  EXPECT_TRUE(IsTraceparent(later + std::string(512 - later.size(), 'x')));
  EXPECT_FALSE(IsTraceparent(later + std::string(513 - later.size(), 'x')));
}

TEST(TraceContextTest, IsReadFromTheEnvironment) {
  for (const char* text : {kValid, ""}) {
    const ScopedEnvironment environment("TRACEPARENT", text);
    EXPECT_EQ(Traceparent(), text);
    EXPECT_FALSE(TraceparentError());
  }
}

TEST(TraceContextTest, AnInvalidOneIsIgnored) {
  const ScopedEnvironment environment("TRACEPARENT", "00-" + std::string(1000, 'x'));
  EXPECT_EQ(Traceparent(), "");
  const std::string error = TraceparentError().value();
  EXPECT_THAT(error, HasSubstr("TRACEPARENT is ignored: '00-xxx"));
  EXPECT_LT(error.size(), 200U);
}

}  // namespace
}  // namespace steamflow
