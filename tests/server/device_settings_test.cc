#include "server/device_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

std::vector<DeviceSettings> Read(const char* text) {
  const Json json = Json::parse(text);
  return ReadDevices(JsonField(json, "config.devices"));
}

TEST(ReadDevices, TakesEachWithItsOwnShare) {
  EXPECT_THAT(Read(R"([{"name": "left", "threads": 2, "memory_limit_bytes": 1000, "queue_capacity": 4}, {"name": "gpu", "device": "cuda:1"}])"),
              testing::ElementsAre(DeviceSettings{.name = "left", .device = "cpu", .threads = 2, .memory_limit_bytes = 1000, .queue_capacity = 4},
                                   DeviceSettings{.name = "gpu", .device = "cuda:1", .threads = 0, .memory_limit_bytes = 0, .queue_capacity = 16}));
}

TEST(ReadDevices, LetsRequestsOverlapOnWhatIsNotTheHostUnlessTheySayOtherwise) {
  const auto devices = Read(R"([{"name": "a"}, {"name": "b", "device": "cuda:0"}, {"name": "c", "overlap": true}, {"name": "d", "device": "cuda:0", "overlap": false}])");
  EXPECT_FALSE(devices[0].overlaps());
  EXPECT_TRUE(devices[1].overlaps());
  EXPECT_TRUE(devices[2].overlaps());
  EXPECT_FALSE(devices[3].overlaps());
}

TEST(ReadDevices, ComputesInFloat32UnlessItSaysOtherwise) {
  const auto devices = Read(R"([{"name": "a"}, {"name": "b", "precision": "bf16"}, {"name": "c", "device": "cuda:0", "precision": "fp16"}])");
  EXPECT_EQ(devices[0].precision, Precision::kFloat32);
  EXPECT_EQ(devices[1].precision, Precision::kBFloat16);
  EXPECT_EQ(devices[2].precision, Precision::kFloat16);
}

TEST(ReadDevices, RunsOnePatchAtATimeUnlessItSaysOtherwise) {
  const auto devices = Read(R"([{"name": "a"}, {"name": "b", "device": "cuda:0", "patches_at_once": 4}])");
  EXPECT_EQ(devices[0].patches_at_once, 1);
  EXPECT_EQ(devices[1].patches_at_once, 4);
}

TEST(ReadDevices, CallsADeviceByWhatItIsWhereItHasNoName) {
  const auto devices = Read(R"([{}, {"device": "cuda:0"}])");
  EXPECT_EQ(devices[0].name, "cpu");
  EXPECT_EQ(devices[1].name, "cuda:0");
}

TEST(ReadDevices, RefusesTwoOfOneName) {
  ExpectError(ErrorCode::kInvalidArgument, "config.devices[1].name = cpu: must be a name that no other device has", [] { Read(R"([{"threads": 1}, {"threads": 2}])"); });
}

TEST(ReadDevices, RefusesTheNameThatTheHostsOwnMemoryIsShownUnder) {
  ExpectError(ErrorCode::kInvalidArgument, "config.devices[1].name = host: must be another one", [] { Read(R"([{"name": "cpu", "device": "cuda:0"}, {"name": "host", "device": "cuda:1"}])"); });
  EXPECT_EQ(Read(R"([{"name": "hosts"}])").size(), 1U);
}

TEST(ReadDevices, RefusesNamesThatAreNoLabels) {
  for (const char* list : {R"([{"name": ""}])", R"([{"name": "GPU"}])", R"([{"name": "a b"}])", R"([{"name": "a23456789012345678901234567890123"}])"}) {
    ExpectError(ErrorCode::kInvalidArgument, "must be 1 to 32 of a-z 0-9 : . _ -", [&] { Read(list); });
  }
  EXPECT_EQ(Read(R"([{"name": "a2345678901234567890123456789012"}])").size(), 1U);
}

TEST(ReadDevices, RefusesAnEmptyListAndWhatIsNone) {
  ExpectError(ErrorCode::kInvalidArgument, "config.devices = []: must hold at least one", [] { Read("[]"); });
  ExpectError(ErrorCode::kInvalidArgument, "config.devices = {}: must be a list", [] { Read("{}"); });
}

TEST(ReadDevices, RefusesUnknownKeysAndValuesOutOfRange) {
  ExpectError(ErrorCode::kInvalidArgument, "config.devices[0].treads: unknown key; did you mean threads?", [] { Read(R"([{"treads": 2}])"); });
  ExpectError(ErrorCode::kInvalidArgument, "config.devices[0].threads = -1: must be a whole number in [0, 1024]", [] { Read(R"([{"threads": -1}])"); });
  ExpectError(ErrorCode::kInvalidArgument, "config.devices[0].queue_capacity = 0: must be a whole number in [1, 10000]", [] { Read(R"([{"queue_capacity": 0}])"); });
  ExpectError(ErrorCode::kInvalidArgument, "config.devices[0].precision = \"half\": must be one of fp32, bf16, fp16", [] { Read(R"([{"precision": "half"}])"); });
  ExpectError(ErrorCode::kInvalidArgument, "config.devices[0].patches_at_once = 0: must be a whole number in [1, 64]", [] { Read(R"([{"patches_at_once": 0}])"); });
  ExpectError(ErrorCode::kInvalidArgument, "config.devices[0].overlap = 1: must be true or false", [] { Read(R"([{"overlap": 1}])"); });
}

TEST(ShareThreads, LeavesWhatWasSaidAndSharesTheRestEvenly) {
  std::vector<DeviceSettings> devices{{.name = "a"}, {.name = "b", .threads = 2}, {.name = "c"}};
  ShareThreads(devices, 9);
  EXPECT_EQ(devices[0].threads, 3);
  EXPECT_EQ(devices[1].threads, 2);
  EXPECT_EQ(devices[2].threads, 3);
}

TEST(ShareThreads, GivesOneAtLeast) {
  std::vector<DeviceSettings> devices{{.name = "a"}, {.name = "b", .threads = 4}};
  ShareThreads(devices, 2);
  EXPECT_EQ(devices[0].threads, 1);
}

}  // namespace
}  // namespace tuckerseg
