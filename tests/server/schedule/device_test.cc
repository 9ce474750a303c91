#include "server/schedule/device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <numeric>
#include <thread>
#include <utility>
#include <vector>

#include "engine/execute/plain/plain_executor.h"
#include "tests/server/schedule/held_work.h"
#include "tests/server/wait_until.h"

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

/// The limits of a server's devices, one behind the other, on GPUs of eleven GiB that are free.
std::vector<int64_t> LimitsOf(const std::vector<DeviceSettings>& all) {
  Devices devices;
  devices.AddAll(all, [](const DeviceSettings&) { return WithFreeMemory(11 * kGibibyte); }, 5 * kGibibyte);
  std::vector<int64_t> limits;
  for (Device& device : devices) limits.push_back(device.memory().limit_bytes());
  return limits;
}

TEST(Devices, ThatAreOneGpuShareItsMemory) {
  const int64_t all = 11 * kGibibyte - kGpuMargin;
  EXPECT_THAT(LimitsOf({{.name = "a", .device = "cuda:0"}, {.name = "b", .device = "cuda:0"}}), testing::ElementsAre(all / 2, all / 2));
  EXPECT_THAT(LimitsOf({{.name = "a", .device = "cuda:0"}, {.name = "b", .device = "cuda:1"}}), testing::ElementsAre(all, all)) << "each its own";
  EXPECT_THAT(LimitsOf({{.name = "a", .device = "cuda:0"}, {.name = "b", .device = "cuda:0", .memory_limit_bytes = 4 * kGibibyte}, {.name = "c", .device = "cuda:0"}}),
              testing::ElementsAre((all - 4 * kGibibyte) / 2, 4 * kGibibyte, (all - 4 * kGibibyte) / 2))
      << "what one has been given is none of the others'";
  EXPECT_THAT(LimitsOf({{.name = "a", .device = "cuda:0"}, {.name = "b", .device = "cuda:0", .memory_limit_bytes = 12 * kGibibyte}}), testing::ElementsAre(0, 12 * kGibibyte))
      << "never negative";
  for (const size_t count : {1U, 3U, 7U}) {
    const std::vector<int64_t> limits = LimitsOf(std::vector<DeviceSettings>(count, DeviceSettings{.device = "cuda:0"}));
    EXPECT_LE(std::accumulate(limits.begin(), limits.end(), int64_t{0}), all) << count;
  }
}

TEST(Devices, OnTheHostMayHaveAllOfItEach) {
  EXPECT_THAT(LimitsOf({{.name = "left"}, {.name = "right"}, {.name = "small", .memory_limit_bytes = kGibibyte}}), testing::ElementsAre(5 * kGibibyte, 5 * kGibibyte, kGibibyte));
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

TEST(Devices, TellHowManyStillWorkOnceWhatEndsHasHadItsTime) {
  Devices devices;
  for (const char* name : {"idle", "ends", "hangs"}) devices.Add({.name = name}, {}, kGibibyte);
  EXPECT_EQ(devices.StillWorkingAfter(std::chrono::seconds(0)), 0U);
  HeldWork ends;
  const auto ending = devices.at(1).queue().Submit({}, ends.Run());
  std::promise<void> let_go;
  std::promise<void> begun;
  const auto hanging = devices.at(2).queue().Submit({}, [&](const std::stop_token&, DeviceGate&) {
    begun.set_value();
    let_go.get_future().wait();
  });
  ends.WaitUntilItRuns();
  begun.get_future().wait();
  devices.at(1).queue().Cancel(ending);
  devices.at(2).queue().Cancel(hanging);
  ExpectEnd(*ending);
  EXPECT_EQ(devices.StillWorkingAfter(std::chrono::milliseconds(50)), 1U);
  let_go.set_value();
  EXPECT_EQ(devices.StillWorkingAfter(std::chrono::duration_cast<std::chrono::milliseconds>(kLimit)), 0U);
}

TEST(Devices, GiveOneClientItsShareOfEachQueue) {
  HeldWork work;
  Devices devices;
  for (const char* name : {"left", "right"}) devices.Add({.name = name, .queue_capacity = 4}, {PlainExecutorFactory()}, kGibibyte, /*client_share=*/0.25);
  devices.at(0).queue().Submit({.client = "a"}, work.Run());
  EXPECT_EQ(devices.at(0).queue().PlacesHeldBy("a"), 1);
  EXPECT_FALSE(devices.at(1).queue().PlacesHeldBy("a")) << "nothing of it is there";
  work.LetGo();
}

/// Gives two requests to a device of these settings, and expects that both are under way at the same time, or never.
void ExpectAtOnce(bool expected, DeviceSettings settings) {
  std::atomic<int> begun = 0;
  std::atomic<int> ended = 0;
  std::atomic<bool> at_once = false;
  Device device(std::move(settings), {PlainExecutorFactory()}, kGibibyte);
  const auto work = [&](const std::stop_token&, DeviceGate&) {
    if (++begun - ended == 2) at_once = true;
    if (expected) {
      WaitUntil([&] { return begun == 2; });
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));  // for the other to begin
    }
    ++ended;
  };
  const std::array tickets{device.queue().Submit({}, work), device.queue().Submit({}, work)};
  for (const auto& ticket : tickets) ASSERT_TRUE(ticket->WaitFor(kLimit));
  EXPECT_EQ(at_once, expected);
}

TEST(Device, PreparesTheNextRequestBesideTheOneThatRunsUnlessItIsTheHost) {
  ExpectAtOnce(true, {.device = "cuda:0"});
  ExpectAtOnce(false, {});
}

TEST(Device, PreparesTheNextRequestAsItsSettingsSay) {
  ExpectAtOnce(true, {.overlap = true});
  ExpectAtOnce(false, {.device = "cuda:0", .overlap = false});
}

}  // namespace
}  // namespace tuckerseg
