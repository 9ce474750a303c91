#include "server/schedule/device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/execute/plain/plain_executor.h"

namespace tuckerseg {
namespace {

constexpr int64_t kGibibyte = int64_t{1} << 30;

DeviceExecution WithFreeMemory(int64_t bytes) {
  return {.factory = PlainExecutorFactory(), .memory = [bytes] { return DeviceMemory{.total = 2 * bytes, .free = bytes, .weights = {}, .reserved = {}}; }};
}

TEST(DeviceMemoryLimit, IsTheSettingWhereThereIsOne) {
  EXPECT_EQ(DeviceMemoryLimit({.memory_limit_bytes = 1000}, {}, kGibibyte), 1000);
  EXPECT_EQ(DeviceMemoryLimit({.device = "cuda:0", .memory_limit_bytes = 1000}, WithFreeMemory(kGibibyte), kGibibyte), 1000);
}

TEST(DeviceMemoryLimit, OfTheHostIsWhatAllRequestsMayHave) { EXPECT_EQ(DeviceMemoryLimit({}, {}, 5 * kGibibyte), 5 * kGibibyte); }

TEST(DeviceMemoryLimit, OfAGpuIsWhatIsFreeButForAMargin) {
  EXPECT_EQ(DeviceMemoryLimit({.device = "cuda:0"}, WithFreeMemory(8 * kGibibyte), kGibibyte), 8 * kGibibyte - kGpuMargin);
  EXPECT_EQ(DeviceMemoryLimit({.device = "cuda:0"}, WithFreeMemory(1), kGibibyte), 0) << "never negative";
  EXPECT_EQ(DeviceMemoryLimit({.device = "cuda:0"}, {}, kGibibyte), kGibibyte) << "where nobody can tell";
}

TEST(Devices, KeepTheirOrderNamesAndOwnQueues) {
  Devices devices;
  devices.Add({.name = "left", .queue_capacity = 3}, {PlainExecutorFactory()}, kGibibyte);
  devices.Add({.name = "right", .device = "cuda:0", .threads = 2, .memory_limit_bytes = 7, .queue_capacity = 4}, {PlainExecutorFactory()}, kGibibyte);
  EXPECT_THAT(devices.Names(), testing::ElementsAre("left", "right"));
  EXPECT_EQ(devices.at(0).queue().capacity(), 3);
  EXPECT_EQ(devices.at(1).queue().capacity(), 4);
  EXPECT_TRUE(devices.at(0).on_host());
  EXPECT_FALSE(devices.at(1).on_host());
  EXPECT_EQ(devices.at(1).threads(), 2);
  EXPECT_EQ(devices.at(0).memory().limit_bytes(), kGibibyte);
  EXPECT_EQ(devices.at(1).memory().limit_bytes(), 7);
  EXPECT_FALSE(devices.at(0).OwnMemory().total);
}

}  // namespace
}  // namespace tuckerseg
