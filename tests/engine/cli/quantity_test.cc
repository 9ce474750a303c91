#include "engine/cli/quantity.h"

#include <gtest/gtest.h>

#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

TEST(ParseDuration, ReadsTheUnitsOfACommandLine) {
  EXPECT_EQ(ParseDuration("500ms").count(), 500);
  EXPECT_EQ(ParseDuration("30s").count(), 30'000);
  EXPECT_EQ(ParseDuration("5m").count(), 300'000);
  EXPECT_EQ(ParseDuration("1.5h").count(), 5'400'000);
  EXPECT_EQ(ParseDuration("2").count(), 2000);
}

TEST(ParseDuration, RefusesWhatIsNoDuration) {
  for (const char* text : {"", "s", "-1s", "0", "5 m", "5min5", "nan", "inf", "1e400", "200h", "0.0001s"}) {
    ExpectError(ErrorCode::kInvalidArgument, "duration = ", [&] { ParseDuration(text); });
  }
}

TEST(ParseBytes, ReadsBinaryAndDecimalUnits) {
  EXPECT_EQ(ParseBytes("4GiB"), uint64_t{4} << 30);
  EXPECT_EQ(ParseBytes("1.5MiB"), uint64_t{1536} << 10);
  EXPECT_EQ(ParseBytes("2GB"), 2'000'000'000U);
  EXPECT_EQ(ParseBytes("10kB"), 10'000U);
  EXPECT_EQ(ParseBytes("77"), 77U);
}

TEST(ParseBytes, RefusesWhatIsNoSize) {
  for (const char* text : {"", "GiB", "-1", "0", "4 GiB", "4gib", "4GiBx", "1e999", "2000TiB"}) {
    ExpectError(ErrorCode::kInvalidArgument, "size = ", [&] { ParseBytes(text); });
  }
}

}  // namespace
}  // namespace tuckerseg
