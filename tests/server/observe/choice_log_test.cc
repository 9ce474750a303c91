#include "server/observe/choice_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/server/policy/choice_samples.h"
#include "tests/server/wait_until.h"

namespace tuckerseg {
namespace {

constexpr int64_t kPlenty = int64_t{1} << 30;

std::vector<ChoiceRecord> RecordsIn(const std::string& path) {
  std::istringstream text(FileText(path));
  std::vector<ChoiceRecord> records;
  for (std::string line; std::getline(text, line);) records.push_back(ParseChoice(line));
  return records;
}

class ChoiceLogTest : public testing::Test {
 protected:
  const TemporaryDirectory folder_;
  const std::string path_ = folder_.path() / "choices.jsonl";
};

TEST_F(ChoiceLogTest, WritesWhatItWasGivenWithTheTimeSinceItsStart) {
  {
    ChoiceLog log(path_, kPlenty);
    ChoiceRecord record = OnTheCpu({.max_latency_s = 20});
    record.at_s = 1e6;
    log.Write(record);
    log.Write(OnTheCpu({.max_latency_s = 1}));
    const auto lines = [&] {
      const std::string text = FileText(path_);
      return std::count(text.begin(), text.end(), '\n');
    };
    EXPECT_TRUE(WaitUntil([&] { return lines() == 2; })) << "soon, not when the server ends";
    EXPECT_EQ(log.lost(), 0);
  }
  std::vector<ChoiceRecord> records = RecordsIn(path_);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_LE(records[0].at_s, records[1].at_s);
  EXPECT_LT(records[1].at_s, 60) << "not what the record said";
  records[0].at_s = records[1].at_s = 12.5;
  EXPECT_EQ(records[0], OnTheCpu({.max_latency_s = 20}));
  EXPECT_EQ(records[1], OnTheCpu({.max_latency_s = 1}));
}

TEST_F(ChoiceLogTest, WritesWhatManyThreadsGiveItBeforeItEnds) {
  constexpr int kThreads = 8;
  constexpr int kEach = 50;  // together fewer than may wait: none is lost however slow the disk is
  {
    ChoiceLog log(path_, kPlenty);
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&log] {
        for (int j = 0; j < kEach; ++j) log.Write(OnTheCpu({.max_latency_s = 20}));
      });
    }
    threads.clear();
    EXPECT_EQ(log.lost(), 0);
  }
  EXPECT_EQ(RecordsIn(path_).size(), static_cast<size_t>(kThreads * kEach));
}

TEST_F(ChoiceLogTest, CountsWhatIsLostOnAFullDiskAndHoldsNobodyUp) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  testing::internal::CaptureStdout();
  {
    ChoiceLog log("/dev/full", kPlenty);
    for (int i = 0; i < 3; ++i) log.Write(OnTheCpu({}));
    EXPECT_TRUE(WaitUntil([&] { return log.lost() == 3; }));
  }
  const std::string told = testing::internal::GetCapturedStdout();
  EXPECT_THAT(told, testing::HasSubstr(R"("event":"choices_lost")"));
  EXPECT_EQ(told.find("choices_lost"), told.rfind("choices_lost")) << "once: a full disk must not fill the log";
}

TEST_F(ChoiceLogTest, SaysThatRecordsComeFasterThanTheyCanBeWritten) {
  testing::internal::CaptureStdout();
  int64_t lost = 0;
  {
    ChoiceLog log(path_, kPlenty);
    // Copying a record is quicker than encoding and writing one, so that those that wait become too many.
    const ChoiceRecord record = OnTheCpu({});
    for (int i = 0; i < 1'000'000 && log.lost() == 0; ++i) log.Write(record);
    lost = log.lost();
  }
  const std::string told = testing::internal::GetCapturedStdout();
  ASSERT_GT(lost, 0);
  EXPECT_THAT(told, testing::HasSubstr(R"("event":"choices_lost")"));
  EXPECT_THAT(told, testing::HasSubstr("the disk is slower than requests come"));
}

TEST_F(ChoiceLogTest, StaysWithinItsBounds) {
  {
    ChoiceLog log(path_, 2000);
    for (int i = 0; i < 100; ++i) log.Write(OnTheCpu({}));
  }
  EXPECT_LE(std::filesystem::file_size(path_), 2000U);
  EXPECT_LE(std::filesystem::file_size(path_ + ".1"), 2000U);
  EXPECT_FALSE(std::filesystem::exists(path_ + ".2"));
  EXPECT_FALSE(RecordsIn(path_).empty());
  EXPECT_FALSE(RecordsIn(path_ + ".1").empty());
}

TEST_F(ChoiceLogTest, CannotBeMadeWhereNothingCanBeWritten) {
  ExpectError(ErrorCode::kInvalidArgument, "choices_file: cannot be opened for writing", [&] { ChoiceLog(folder_.path() / "none" / "choices", kPlenty); });
  ExpectError(ErrorCode::kInvalidArgument, "choices_file: cannot be opened for writing", [&] { ChoiceLog::Check(folder_.path() / "none" / "choices"); });
}

}  // namespace
}  // namespace tuckerseg
