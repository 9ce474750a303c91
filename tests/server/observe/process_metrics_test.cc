#include "server/observe/process_metrics.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

#include "server/observe/resident_memory.h"

namespace tuckerseg {
namespace {

TEST(ParseProcessStat, TakesANameWithBlanksAndBrackets) {
  const auto stat = ParseProcessStat("42 (a) b (c)) S 1 1 1 0 -1 4194304 1 2 3 4 250 50 7 8 20 0 9 0 12300 1000000 25 18446744073709551615 1\n", 100, 4096);
  ASSERT_TRUE(stat);
  EXPECT_DOUBLE_EQ(stat->cpu_s, 3);
  EXPECT_DOUBLE_EQ(stat->started_s, 123);
  EXPECT_DOUBLE_EQ(stat->virtual_bytes, 1000000);
  EXPECT_DOUBLE_EQ(stat->resident_bytes, 25 * 4096);
}

TEST(ParseProcessStat, RefusesWhatIsCutOrNoNumber) {
  EXPECT_FALSE(ParseProcessStat("", 100, 4096));
  EXPECT_FALSE(ParseProcessStat("42 (name", 100, 4096));
  EXPECT_FALSE(ParseProcessStat("42 (name) S 1 1 1", 100, 4096));
  EXPECT_FALSE(ParseProcessStat("42 (name) S 1 1 1 0 -1 4194304 1 2 3 4 x 50 7 8 20 0 9 0 12300 1000000 25", 100, 4096));
}

TEST(ReadProcess, KnowsThisOne) {
  const ProcessNumbers numbers = ReadProcess();
  EXPECT_NEAR(numbers.stat.resident_bytes, static_cast<double>(ResidentBytes()), 64.0 * (1 << 20));
  EXPECT_GT(numbers.stat.virtual_bytes, numbers.stat.resident_bytes);
  EXPECT_GT(numbers.most_open_files, 0);
  EXPECT_GE(numbers.most_virtual_bytes, numbers.stat.virtual_bytes);
  const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  const double started = numbers.machine_started_s + numbers.stat.started_s;
  EXPECT_LE(started, now + 2);
  EXPECT_GT(started, now - 86400);
}

TEST(ReadProcess, CountsOpenFiles) {
  const int64_t before = ReadProcess().open_files;
  const std::ifstream file("/proc/self/stat");
  EXPECT_EQ(ReadProcess().open_files, before + 1);
}

}  // namespace
}  // namespace tuckerseg
