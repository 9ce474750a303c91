#include "server/observe/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <new>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

namespace tuckerseg {
namespace {

/// What `Log` writes, one parsed line each.
std::vector<nlohmann::json> Logged(const std::function<void()>& action) {
  testing::internal::CaptureStdout();
  action();
  std::istringstream text(testing::internal::GetCapturedStdout());
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

TEST(Log, WritesOneJsonObjectALineWithTimeLevelAndEvent) {
  const auto lines = Logged([] {
    Log(LogLevel::kInfo, "serving", {{"port", 50051}});
    Log(LogLevel::kWarning, "stopping", nlohmann::json::object());
    Log(LogLevel::kError, "failed", {{"what", "disk"}});
  });
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0]["event"], "serving");
  EXPECT_EQ(lines[0]["port"], 50051);
  EXPECT_EQ(lines[0]["level"], "info");
  EXPECT_EQ(lines[1]["level"], "warning");
  EXPECT_EQ(lines[2]["level"], "error");
  EXPECT_THAT(lines[0]["time"].get<std::string>(), testing::MatchesRegex("2...-..-..T..:..:..\\..*"));
}

TEST(Log, KeepsToOneLineWhateverTheFieldsHold) {
  const auto lines = Logged([] { Log(LogLevel::kInfo, "a\nb", {{"what", "{} %v \"quoted\"\n\\"}}); });
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["what"], "{} %v \"quoted\"\n\\");
  EXPECT_EQ(lines[0]["event"], "a\nb");
}

TEST(LogIfPossible, WritesTheLineAsLogDoes) {
  const auto lines = Logged([] { LogIfPossible([] { Log(LogLevel::kInfo, "serving", {{"port", 50051}}); }); });
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["event"], "serving");
}

TEST(LogIfPossible, GoesOnWithoutALineForWhichThereIsNoMemory) {
  EXPECT_TRUE(Logged([] { LogIfPossible([] { throw std::bad_alloc(); }); }).empty());
}

TEST(Log, WritesBytesThatAreNoUtf8) {
  const auto lines = Logged([] { Log(LogLevel::kInfo, "odd", {{"what", "\xFF\xFE"}}); });
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["event"], "odd");
}

}  // namespace
}  // namespace tuckerseg
