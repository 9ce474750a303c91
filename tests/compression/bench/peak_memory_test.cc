#include "compression/bench/peak_memory.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

namespace tuckerseg {
namespace {

constexpr int64_t kMebibyte = 1 << 20;

/// What is written to is resident.
void Touch(size_t bytes) {
  const std::vector<std::byte> block(bytes, std::byte{1});
  EXPECT_EQ(std::to_integer<int>(block.back()), 1);
}

TEST(ResidentPeak, SeesWhatWasFreedAgain) {
  ResidentPeak peak;
  peak.Begin();
  Touch(64 * kMebibyte);
  const auto bytes = peak.Bytes();
  if (!bytes) GTEST_SKIP() << "/proc/self/clear_refs may not be written here";
  EXPECT_GE(*bytes, 60 * kMebibyte);
  EXPECT_LE(*bytes, 80 * kMebibyte);
}

TEST(ResidentPeak, ForgetsWhatWasBefore) {
  ResidentPeak peak;
  Touch(64 * kMebibyte);
  peak.Begin();
  Touch(kMebibyte);
  const auto bytes = peak.Bytes();
  if (!bytes) GTEST_SKIP() << "/proc/self/clear_refs may not be written here";
  EXPECT_LE(*bytes, 16 * kMebibyte);
}

TEST(ResidentPeak, SaysNothingBeforeItHasBegun) { EXPECT_FALSE(ResidentPeak().Bytes().has_value()); }

}  // namespace
}  // namespace tuckerseg
