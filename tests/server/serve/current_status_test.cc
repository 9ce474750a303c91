#include "server/serve/current_status.h"

#include <gtest/gtest.h>

#include "tests/server/serve/held_model.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/variants/tiny_variants.h"

namespace tuckerseg {
namespace {

TEST(CurrentStatus, TellsOfLevelsThatAreReadyAndOfThoseThatAreNot) {
  const ModelOnDisk disk{TinyServedBundle()};
  disk.Add("coarse", {{"tucker-0.3", 0.3, true, 1}}, 11, TinyCard("tucker-0.3", 0.93, 0.91));
  disk.Add("spoiled", {{"tucker-0.5", 0.5, true, 2}}, 12);
  disk.SpoilWeights("spoiled");
  ServedOptions options;
  options.models = disk.models();
  options.patch_s = 0.25;
  ServedModel served(std::move(options));
  const ServerStatus status = CurrentStatus(served.parts());
  EXPECT_EQ(status.executor, "plain");
  ASSERT_EQ(status.levels.size(), 3U);
  EXPECT_EQ(status.levels[0].level, "original");
  EXPECT_EQ(status.levels[0].task, "tiny");
  EXPECT_EQ(status.levels[0].device, "cpu");
  EXPECT_EQ(status.levels[0].quality, 1);
  EXPECT_EQ(status.levels[0].patch_s, 0.25);
  EXPECT_GT(status.levels[0].weight_bytes, 0);
  EXPECT_EQ(status.levels[1].level, "tucker-0.3");
  EXPECT_EQ(status.levels[1].quality, 0.91);
  EXPECT_EQ(status.levels[1].error, "");
  EXPECT_NE(status.levels[2].error, "");
}

TEST(CurrentStatus, TellsOfTheHostsQueueAndMemory) {
  ServedModel served;
  const ServerStatus status = CurrentStatus(served.parts());
  ASSERT_EQ(status.devices.size(), 1U);
  const DeviceStatus& device = status.devices.front();
  EXPECT_EQ(device.name, "cpu");
  ASSERT_TRUE(device.queue);
  EXPECT_EQ(device.queue->capacity, 16);
  EXPECT_EQ(device.queue->running, 0);
  EXPECT_EQ(device.queue->waiting.size(), 21U) << "every priority, with 0";
  EXPECT_EQ(device.queue->waiting.at(-10), 0);
  EXPECT_EQ(device.queue->waiting.at(10), 0);
  EXPECT_GT(device.memory.total.value(), 0);
  EXPECT_EQ(device.memory.weights, status.levels.front().weight_bytes);
  EXPECT_EQ(device.memory.reserved, 0);
}

TEST(CurrentStatus, TellsOfQueuesAndLevelsBeforeAnyIsLoaded) {
  ServedOptions options;
  options.load_at_start = false;
  ServedModel served(std::move(options));
  const ServerStatus status = CurrentStatus(served.parts());
  ASSERT_EQ(status.devices.size(), 1U);
  ASSERT_TRUE(status.devices[0].queue);
  EXPECT_EQ(status.devices[0].queue->capacity, 16);
  ASSERT_EQ(status.levels.size(), 1U);
  EXPECT_EQ(status.levels[0].state, LevelState::kAvailable);
}

TEST(QueuesNow, TellsOfEachDevicesQueueAlone) {
  Devices devices;
  devices.Add({.name = "left", .queue_capacity = 3}, {PlainExecutorFactory()}, 1000);
  devices.Add({.name = "right", .queue_capacity = 4}, {PlainExecutorFactory()}, 1000);
  const ServerStatus status = QueuesNow(devices);
  ASSERT_EQ(status.devices.size(), 2U);
  EXPECT_EQ(status.devices[0].name, "left");
  EXPECT_EQ(status.devices[1].name, "right");
  ASSERT_TRUE(status.devices[1].queue);
  EXPECT_EQ(status.devices[1].queue->capacity, 4);
  EXPECT_EQ(status.devices[1].queue->running, 0);
  EXPECT_EQ(status.devices[1].queue->waiting.at(0), 0);
  EXPECT_FALSE(status.devices[1].memory.total);
  EXPECT_TRUE(status.levels.empty());
}

TEST(CurrentStatus, TellsOfAnotherDevicesMemoryBesideTheHosts) {
  ServedOptions options;
  options.config.device = "cuda:0";
  constexpr int64_t kFree = int64_t{4} << 30;
  options.device_memory = [] { return DeviceMemory{.total = 2 * kFree, .free = kFree, .weights = {}, .reserved = {}}; };
  ServedModel served(std::move(options));
  const ServerStatus status = CurrentStatus(served.parts());
  ASSERT_EQ(status.devices.size(), 2U);
  EXPECT_EQ(status.devices[0].name, "cuda:0");
  EXPECT_TRUE(status.devices[0].queue);
  EXPECT_EQ(status.devices[0].memory.free, kFree);
  EXPECT_GT(status.devices[0].memory.weights.value(), 0);
  EXPECT_EQ(status.devices[0].memory.reserved, 0);
  EXPECT_EQ(status.devices[1].name, "cpu");
  EXPECT_FALSE(status.devices[1].queue);
  EXPECT_FALSE(status.devices[1].memory.weights);
  EXPECT_EQ(status.devices[1].memory.reserved, 0);
}

TEST(CurrentStatus, TellsOfDevicesThatShareTheHostAndOfTheHostBesideThem) {
  ServedOptions options;
  options.config.devices = {{.name = "cpu", .memory_limit_bytes = 1000}, {.name = "second", .memory_limit_bytes = 5'000'000}};
  ServedModel served(std::move(options));
  const ServerStatus status = CurrentStatus(served.parts());
  ASSERT_EQ(status.devices.size(), 3U);
  EXPECT_EQ(status.devices[0].name, "cpu");
  EXPECT_EQ(status.devices[0].memory.total, 1000);
  EXPECT_EQ(status.devices[1].name, "second");
  EXPECT_EQ(status.devices[1].memory.total, 5'000'000);
  EXPECT_EQ(status.devices[1].memory.free, 5'000'000 - status.devices[1].memory.weights.value());
  EXPECT_TRUE(status.devices[1].queue);
  EXPECT_EQ(status.devices[2].name, "host");
  EXPECT_FALSE(status.devices[2].queue);
  EXPECT_GT(status.devices[2].memory.total.value(), 5'000'000);
  ASSERT_EQ(status.levels.size(), 2U) << "one line for each device";
  EXPECT_EQ(status.levels[1].device, "second");
}

TEST(CurrentStatus, DoesNotWaitForAWorkerThatIsBusy) {
  HeldModel held;
  ServedModel& served = held.served();
  v1::SegmentHeader header;
  header.set_priority(3);
  SegmentConversation running(served.channel());
  running.SendHeader({});
  running.SendFile(SmallCt().Bytes());
  ASSERT_TRUE(held.gate().WaitForPatch(1));
  SegmentConversation waiting(served.channel());
  waiting.SendHeader(header);
  waiting.SendFile(SmallCt().Bytes());
  ASSERT_TRUE(WaitUntil([&] { return served.queue().depth() == 1; }));

  const ServerStatus status = CurrentStatus(served.parts());  // the worker stands still until the gate is opened
  EXPECT_EQ(status.devices.front().queue->running, 1);
  EXPECT_EQ(status.devices.front().queue->waiting.at(3), 1);
  EXPECT_EQ(status.devices.front().queue->waiting.at(0), 0);
  EXPECT_GT(status.devices.front().memory.reserved.value(), 0);
  held.gate().Open();
  EXPECT_TRUE(running.Finish().status.ok());
  EXPECT_TRUE(waiting.Finish().status.ok());
}

}  // namespace
}  // namespace tuckerseg
