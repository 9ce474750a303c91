#include "server/config.h"

#include <gtest/gtest.h>

#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

void ExpectRefusal(const std::string& json, const std::string& message) {
  SCOPED_TRACE(json);
  ServerConfig config;
  ExpectError(ErrorCode::kInvalidArgument, message, [&] { ApplyConfigJson(json, config); });
}

TEST(ApplyConfigJson, OverwritesTheKeysItNamesAndLeavesTheOthers) {
  ServerConfig config;
  config.listen = "0.0.0.0:1";
  ApplyConfigJson(
      R"({"models": "/srv/models", "device": "cuda:1", "threads": 3, "queue_capacity": 4, "max_streams": 5,
                      "max_input_bytes": 6, "max_voxels": 7, "max_axis": 8, "memory_limit_bytes": 9,
                      "geometry_policy": "prefer_qform", "accumulation": "reference", "drain_s": 1.5})",
      config);
  EXPECT_EQ(config.models, "/srv/models");
  EXPECT_EQ(config.device, "cuda:1");
  EXPECT_EQ(config.threads, 3);
  EXPECT_EQ(config.queue_capacity, 4);
  EXPECT_EQ(config.max_streams, 5);
  EXPECT_EQ(config.max_input_bytes, 6);
  EXPECT_EQ(config.volume_limits.max_voxels, 7);
  EXPECT_EQ(config.volume_limits.max_axis, 8);
  EXPECT_EQ(config.memory_limit_bytes, 9);
  EXPECT_EQ(config.geometry_policy, GeometryPolicy::kPreferQform);
  EXPECT_EQ(config.accumulation, Accumulation::kReference);
  EXPECT_EQ(config.drain_s, 1.5);
  EXPECT_EQ(config.listen, "0.0.0.0:1") << "not named";
  EXPECT_EQ(config.metrics, "127.0.0.1:9464") << "not named";
}

TEST(ApplyConfigJson, TakesAnEmptyObject) {
  ServerConfig config;
  ApplyConfigJson("{}", config);
  EXPECT_EQ(config.queue_capacity, 16);
}

TEST(ApplyConfigJson, RefusesAnUnknownKeyAndListsTheKnownOnes) {
  ExpectRefusal(R"({"treads": 2})",
                "config.treads: unknown key; must be one of accumulation, allow_non_commercial, allow_phantom_quality, auth, deadline_margin");
}

TEST(ApplyConfigJson, RefusesValuesOutOfRangeAndNamesThem) {
  ExpectRefusal(R"({"threads": -1})", "config.threads = -1: must be a whole number in [0, 1024]");
  ExpectRefusal(R"({"queue_capacity": 0})",
                "config.queue_capacity = 0: must be a whole number in [1, 10000]");
  ExpectRefusal(R"({"max_streams": 10001})", "config.max_streams = 10001");
  ExpectRefusal(R"({"max_axis": 32768})", "config.max_axis = 32768");
  ExpectRefusal(R"({"max_voxels": 1.5})", "config.max_voxels = 1.5: must be a whole number");
  ExpectRefusal(R"({"drain_s": -0.5})", "config.drain_s = -0.5: must be in [0, 86400] s");
}

TEST(ApplyConfigJson, RefusesValuesOfAnotherTypeAndNamesThem) {
  ExpectRefusal(R"({"models": 5})", "config.models = 5: must be a string");
  ExpectRefusal(R"({"threads": "many"})", "config.threads = \"many\": must be a finite number");
  ExpectRefusal(R"({"geometry_policy": "guess"})",
                "config.geometry_policy = \"guess\": must be one of refuse prefer_sform prefer_qform");
}

TEST(ApplyConfigJson, RefusesWhatIsNoJsonObject) {
  ExpectRefusal("[]", "config = []: must be an object");
  ExpectRefusal("{", "config");
  ExpectRefusal("", "config");
}

TEST(CompleteConfig, AsksForTheModels) {
  ServerConfig config;
  ExpectError(ErrorCode::kInvalidArgument, "models: missing; must be a directory of bundles",
              [&] { CompleteConfig(config); });
}

TEST(CompleteConfig, TakesThreadsAndMemoryFromTheMachine) {
  ServerConfig config;
  config.models = "models";
  CompleteConfig(config);
  EXPECT_GE(config.threads, 1);
  EXPECT_GT(config.memory_limit_bytes, int64_t{1} << 20);
}

TEST(CompleteConfig, LeavesWhatWasSaid) {
  ServerConfig config;
  config.models = "models";
  config.threads = 7;
  config.memory_limit_bytes = 1000;
  CompleteConfig(config);
  EXPECT_EQ(config.threads, 7);
  EXPECT_EQ(config.memory_limit_bytes, 1000);
}

TEST(NameOfGeometryPolicy, IsWhatTheConfigurationFileTakes) {
  for (const GeometryPolicy policy :
       {GeometryPolicy::kRefuse, GeometryPolicy::kPreferSform, GeometryPolicy::kPreferQform}) {
    ServerConfig config;
    ApplyConfigJson(std::string(R"({"geometry_policy": ")") + NameOf(policy) + "\"}", config);
    EXPECT_EQ(config.geometry_policy, policy);
  }
}

}  // namespace
}  // namespace tuckerseg
