#include "server/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

void ExpectRefusal(const std::string& json, const std::string& message) {
  SCOPED_TRACE(json);
  ServerConfig config;
  ExpectError(ErrorCode::kInvalidArgument, message, [&] { ApplyConfigJson(json, config); });
}

TEST(ConfigText, IsTheFilesOrThePipes) {
  const TemporaryDirectory folder;
  EXPECT_EQ(ConfigText(folder.Write("config.json", "{\"threads\": 2}\n")), "{\"threads\": 2}\n");
  EXPECT_EQ(ConfigText(folder.Write("empty.json", "")), "");
  int ends[2] = {-1, -1};
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "{}", 2), 2);
  close(ends[1]);
  EXPECT_EQ(ConfigText("/dev/fd/" + std::to_string(ends[0])), "{}") << "as a shell's <(...) is";
  close(ends[0]);
}

TEST(ConfigText, SaysWhatIsWrongWithAPathThatIsNoFile) {
  const TemporaryDirectory folder;
  ExpectError(ErrorCode::kInvalidArgument, "--config: is a folder; must be a readable file", [&] { ConfigText(folder.path()); });
  ExpectError(ErrorCode::kNotFound, "--config: cannot be opened; must be a readable file", [&] { ConfigText(folder.path() / "none.json"); });
  ExpectError(ErrorCode::kInvalidArgument, "--config: cannot be read to its end; must be a readable file", [] { ConfigText("/proc/self/mem"); });
}

TEST(ApplyConfigJson, OverwritesTheKeysItNamesAndLeavesTheOthers) {
  ServerConfig config;
  config.listen = "0.0.0.0:1";
  ApplyConfigJson(
      R"({"models": "/srv/models", "device": "cuda:1", "threads": 3, "queue_capacity": 4, "max_streams": 5, "client_silence_s": 5.5, "stall_s": 6.5,
                      "max_input_bytes": 6, "max_voxels": 7, "max_axis": 8, "memory_limit_bytes": 9,
                      "geometry_policy": "prefer_qform", "accumulation": "reference", "drain_delay_s": 2.5, "drain_s": 1.5, "open_inference": false,
                      "results_max_bytes": 10, "results_keep_s": 11.5, "traces": {"endpoint": "http://collector:4318/v1/traces"}})",
      config);
  EXPECT_EQ(config.models, "/srv/models");
  EXPECT_EQ(config.device, "cuda:1");
  EXPECT_EQ(config.threads, 3);
  EXPECT_EQ(config.queue_capacity, 4);
  EXPECT_EQ(config.max_streams, 5);
  EXPECT_EQ(config.client_silence_s, 5.5);
  EXPECT_EQ(config.stall_s, 6.5);
  EXPECT_EQ(config.max_input_bytes, 6);
  EXPECT_EQ(config.volume_limits.max_voxels, 7);
  EXPECT_EQ(config.volume_limits.max_axis, 8);
  EXPECT_EQ(config.memory_limit_bytes, 9);
  EXPECT_EQ(config.geometry_policy, GeometryPolicy::kPreferQform);
  EXPECT_EQ(config.accumulation, Accumulation::kReference);
  EXPECT_EQ(config.drain_delay_s, 2.5);
  EXPECT_EQ(config.drain_s, 1.5);
  EXPECT_FALSE(config.open_inference);
  EXPECT_EQ(config.results.max_bytes, 10);
  EXPECT_EQ(config.results.keep_s, 11.5);
  EXPECT_EQ(config.traces_endpoint, "http://collector:4318/v1/traces");
  EXPECT_EQ(config.listen, "0.0.0.0:1") << "not named";
  EXPECT_EQ(config.metrics, "127.0.0.1:9464") << "not named";
}

TEST(ApplyConfigJson, TakesAnEmptyObject) {
  ServerConfig config;
  ApplyConfigJson("{}", config);
  EXPECT_EQ(config.queue_capacity, 16);
  EXPECT_EQ(config.stall_s, 300) << "more than all of the largest request that docs/results has, on two cores";
  EXPECT_EQ(config.drain_delay_s, 5) << "load balancers that look every few seconds notice that it stops";
  EXPECT_TRUE(config.open_inference);
  EXPECT_EQ(config.results.max_bytes, int64_t{256} << 20);
  EXPECT_EQ(config.results.keep_s, 600);
}

TEST(ApplyConfigJson, RefusesAnUnknownKeyAndNamesTheOneThatWasMeant) {
  ExpectRefusal(R"({"treads": 2})", "config.treads: unknown key; did you mean threads?");
  ExpectRefusal(R"({"maxVoxels": 2})", "config.maxVoxels: unknown key; did you mean max_voxels?");
  ExpectRefusal(R"({"colour": 2})", "config.colour: unknown key; must be one of accumulation, allow_non_commercial, allow_phantom_quality, auth, choices_file");
}

TEST(ApplyConfigJson, DoesNotRepeatWhatAnUnknownKeyHolds) {
  ServerConfig config;
  for (const std::string& mistake : ReadConfigJson(R"({"api_token": "hunter2"})", config)) EXPECT_THAT(mistake, testing::Not(testing::HasSubstr("hunter2")));
}

struct Misplaced {
  const char* json;
  const char* message;
};

TEST(ApplyConfigJson, DoesNotRepeatWhatMayBeASecret) {
  for (const Misplaced& secret : {
           Misplaced{R"({"auth": "hunter2"})", "config.auth: is a string; must be an object"},
           Misplaced{R"({"auth": ["hunter2"]})", "config.auth: is a list; must be an object"},
           Misplaced{R"({"auth": {"tokens_file": ["hunter2"]}})", "config.auth.tokens_file: is a list; must be a string"},
           Misplaced{R"({"auth": {"tokens_file": {"token": "hunter2"}}})", "config.auth.tokens_file: is an object; must be a string"},
           Misplaced{R"({"auth": {"allow_plaintext_tokens": "hunter2"}})", "config.auth.allow_plaintext_tokens: is a string; must be true or false"},
           Misplaced{R"({"auth": {"certificates": "hunter2"}})", "config.auth.certificates: is a string; must be a list"},
           Misplaced{R"({"auth": {"certificates": ["hunter2"]}})", "config.auth.certificates[0]: is a string; must be an object"},
           Misplaced{R"({"auth": {"certificates": [{"common_name": ["hunter2"], "roles": ["segment"]}]}})", "config.auth.certificates[0].common_name: is a list; must be a string"},
           Misplaced{R"({"auth": {"certificates": [{"common_name": "hunter2", "roles": ["segment"]}, {"common_name": "hunter2", "roles": ["segment"]}]}})",
                     "config.auth.certificates[1].common_name: is there before; must be another"},
           Misplaced{R"({"auth": {"certificates": [{"common_name": "pacs", "roles": "hunter2"}]}})", "config.auth.certificates[0].roles: must be a list of segment, manage, observe"},
           Misplaced{R"({"tls": "hunter2"})", "config.tls: is a string; must be an object"},
           Misplaced{R"({"tls": {"key": ["hunter2"]}})", "config.tls.key: is a list; must be a string"},
           Misplaced{R"({"traces": "http://user:hunter2@collector:4318/v1/traces"})", "config.traces: is a string; must be an object"},
           Misplaced{R"({"traces": {"endpoint": ["http://user:hunter2@collector:4318/v1/traces"]}})", "config.traces.endpoint: is a list; must be a string"},
           Misplaced{R"(["hunter2"])", "config: is a list; must be an object"},
       }) {
    SCOPED_TRACE(secret.json);
    ServerConfig config;
    try {
      ApplyConfigJson(secret.json, config);
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), testing::StartsWith(secret.message));
      EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("hunter2")));
    }
  }
}

TEST(FindMistakes, DoesNotRepeatWhatMayBeASecret) {
  ServerConfig config;
  config.models = "models";
  ApplyConfigJson(R"({"traces": {"endpoint": "http://user:hunter2@collector:4318/v1/traces"}})", config);
  EXPECT_THAT(FindMistakes(config), testing::ElementsAre(testing::AllOf(testing::StartsWith("traces.endpoint: must be http://HOST:PORT/PATH"), testing::Not(testing::HasSubstr("hunter2")))));
}

TEST(ApplyConfigJson, RefusesAKeyThatStandsThereTwice) {
  ExpectRefusal(R"({"threads": 2, "listen": "a:1", "threads": 2})", "config.threads: stands there more than once; must be given once");
  ExpectRefusal(R"({"traces": {"endpoint": "http://a:1/", "endpoint": "http://b:1/"}})", "config.traces.endpoint: stands there more than once; must be given once");
}

TEST(ReadConfigJson, TellsEveryMistakeOnALineOfItsOwn) {
  ServerConfig config;
  const std::vector<std::string> mistakes = ReadConfigJson(
      R"({"threads": -1, "models": "/srv/models", "treads": 2, "geometry_policy": "guess", "drain_s": 5, "drain_s": 7, "a\nb": 1, "min_quality": 2})", config);
  EXPECT_THAT(mistakes, testing::UnorderedElementsAre("config.drain_s: stands there more than once; must be given once",                           //
                                                      "config.threads = -1: must be a whole number in [0, 1024]",                                   //
                                                      "config.treads: unknown key; did you mean threads?",                                          //
                                                      "config.geometry_policy = \"guess\": must be one of refuse prefer_sform prefer_qform",        //
                                                      testing::StartsWith("config.a\\nb: unknown key; must be one of"),                             //
                                                      "config.min_quality = 2: must be in [0, 1]"));
  EXPECT_EQ(config.models, "/srv/models") << "what is right is taken over";
  EXPECT_EQ(config.threads, 0) << "what is wrong is not";
  EXPECT_EQ(config.min_quality, 0);
}

TEST(ReadConfigJson, FindsNoMistakeInARightFile) {
  ServerConfig config;
  EXPECT_THAT(ReadConfigJson(R"({"threads": 4, "choices_file": "choices.jsonl", "choices_max_bytes": 65536, "min_quality": 0.9})", config), testing::IsEmpty());
  EXPECT_EQ(config.choices_file, "choices.jsonl");
  EXPECT_EQ(config.choices_max_bytes, 65536);
}

TEST(FindMistakes, TellsEveryMistakeWhereverTheSettingComesFrom) {
  ServerConfig config;
  config.listen = "nowhere";
  config.metrics = "127.0.0.1:99999";
  config.choices_file = "/no/such/folder/choices.jsonl";
  EXPECT_THAT(FindMistakes(config), testing::ElementsAre("models: missing; must be a directory of bundles", testing::StartsWith("listen = nowhere: must be HOST:PORT"),
                                                         testing::StartsWith("metrics = 127.0.0.1:99999: must be HOST:PORT"),
                                                         "choices_file = /no/such/folder/choices.jsonl: must be in a folder that is there"));
}

TEST(FindMistakes, TakesAFileInTheFolderWhereTheServerWasStarted) {
  ServerConfig config;
  config.models = "models";
  config.choices_file = "choices.jsonl";
  EXPECT_THAT(FindMistakes(config), testing::IsEmpty());
  config.choices_file = "/tmp";
  EXPECT_THAT(FindMistakes(config), testing::ElementsAre("choices_file = /tmp: must be a file, not a folder"));
}

TEST(ApplyConfigJson, RefusesValuesOutOfRangeAndNamesThem) {
  ExpectRefusal(R"({"threads": -1})", "config.threads = -1: must be a whole number in [0, 1024]");
  ExpectRefusal(R"({"queue_capacity": 0})",
                "config.queue_capacity = 0: must be a whole number in [1, 10000]");
  ExpectRefusal(R"({"max_streams": 10001})", "config.max_streams = 10001");
  ExpectRefusal(R"({"max_axis": 32768})", "config.max_axis = 32768");
  ExpectRefusal(R"({"max_voxels": 1.5})", "config.max_voxels = 1.5: must be a whole number");
  ExpectRefusal(R"({"stall_s": -1})", "config.stall_s = -1: must be in [0, 86400] s");
  ExpectRefusal(R"({"drain_s": -0.5})", "config.drain_s = -0.5: must be in [0, 86400] s");
  ExpectRefusal(R"({"results_max_bytes": -1})", "config.results_max_bytes = -1: must be a whole number in [0, ");
  ExpectRefusal(R"({"results_keep_s": 0})", "config.results_keep_s = 0: must be in [1, 86400] s");
}

TEST(ApplyConfigJson, RefusesValuesOfAnotherTypeAndNamesThem) {
  ExpectRefusal(R"({"models": 5})", "config.models = 5: must be a string");
  ExpectRefusal(R"({"threads": "many"})", "config.threads = \"many\": must be a finite number");
  ExpectRefusal(R"({"open_inference": "yes"})", "config.open_inference = \"yes\": must be true or false");
  ExpectRefusal(R"({"geometry_policy": "guess"})",
                "config.geometry_policy = \"guess\": must be one of refuse prefer_sform prefer_qform");
}

TEST(ApplyConfigJson, TakesTracesForAnObjectOfItsOwn) {
  ServerConfig config;
  ApplyConfigJson(R"({"traces": {}})", config);
  EXPECT_EQ(config.traces_endpoint, "") << "off unless a collector is named";
  ExpectRefusal(R"({"traces": "http://collector:4318/v1/traces"})", "config.traces: is a string; must be an object");
  ExpectRefusal(R"({"traces": {"endpont": ""}})", "config.traces.endpont: unknown key; did you mean endpoint?");
  ExpectRefusal(R"({"traces.endpoint": ""})", "config.traces.endpoint: unknown key");
  ExpectRefusal(R"({"traces": {"endpoint": 4318}})", "config.traces.endpoint: is a number; must be a string");
  ExpectRefusal(R"({"traces": {"url": ""}})", "config.traces.url: unknown key; must be one of endpoint");
}

TEST(ApplyConfigJson, RefusesWhatIsNoJsonObject) {
  ExpectRefusal("[]", "config: is an empty list; must be an object");
  ExpectRefusal("{", "config");
  ExpectRefusal("", "config");
}

TEST(CompleteConfig, AsksForTheModels) {
  ServerConfig config;
  ExpectError(ErrorCode::kInvalidArgument, "models: missing; must be a directory of bundles",
              [&] { CompleteConfig(config); });
}

TEST(CompleteConfig, RefusesACollectorThatCannotBeSentTo) {
  ServerConfig config;
  config.models = "models";
  config.traces_endpoint = "https://collector/v1/traces";
  ExpectError(ErrorCode::kInvalidArgument, "traces.endpoint: must be http://HOST:PORT/PATH", [&] { CompleteConfig(config); });
}

TEST(CompleteConfig, TakesThreadsAndMemoryFromTheMachine) {
  ServerConfig config;
  config.models = "models";
  CompleteConfig(config);
  EXPECT_GE(config.threads, 1);
  EXPECT_GT(config.memory_limit_bytes, int64_t{1} << 20);
}

TEST(CompleteConfig, LeavesHalfOfTheFilesForOtherThanConnections) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{200, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  ServerConfig config;
  config.models = "models";
  CompleteConfig(config);
  ServerConfig too_many;
  too_many.models = "models";
  too_many.max_connections = 137;
  const std::vector<std::string> mistakes = FindMistakes(too_many);
  too_many.max_connections = 136;
  const std::vector<std::string> none = FindMistakes(too_many);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(config.max_connections, 100);
  EXPECT_THAT(mistakes, testing::ElementsAre("max_connections = 137: must be at most 136, as this process may open 200 files"));
  EXPECT_THAT(none, testing::IsEmpty());
}

TEST(CompleteConfig, SetsRoomForKeptResultsAsideButNotAllThereIs) {
  ServerConfig none;
  none.models = "models";
  none.results.max_bytes = 0;
  CompleteConfig(none);
  ServerConfig all = none;
  all.memory_limit_bytes = 0;
  all.results.max_bytes = int64_t{1} << 50;
  CompleteConfig(all);
  EXPECT_EQ(all.memory_limit_bytes, none.memory_limit_bytes / 2);
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

TEST(FindMistakes, RefusesKeysOfTheOnlyDeviceBesideAListOfDevices) {
  ServerConfig config;
  config.models = "models";
  config.devices = {{.name = "left"}, {.name = "right"}};
  config.memory_limit_bytes = 1000;
  EXPECT_THAT(FindMistakes(config), testing::IsEmpty()) << "the host's memory is that of all devices";
  config.device = "cuda:0";
  config.threads = 2;
  config.queue_capacity = 4;
  EXPECT_THAT(FindMistakes(config), testing::ElementsAre("device = cuda:0: must be left out where `devices` is given, each of which has its own",
                                                         "threads = 2: must be left out where `devices` is given, each of which has its own",
                                                         "queue_capacity = 4: must be left out where `devices` is given, each of which has its own"));
}

TEST(DevicesOf, AreTheOnlyOneWhereNoListIsGiven) {
  ServerConfig config;
  config.device = "cuda:1";
  config.threads = 3;
  config.queue_capacity = 4;
  config.memory_limit_bytes = 1000;  // the host's
  EXPECT_EQ(DevicesOf(config), (std::vector<DeviceSettings>{{.name = "cuda:1", .device = "cuda:1", .threads = 3, .memory_limit_bytes = 0, .queue_capacity = 4}}));
}

TEST(DevicesOf, AreThoseOfTheList) {
  ServerConfig config;
  config.devices = {{.name = "left"}, {.name = "right"}};
  EXPECT_EQ(DevicesOf(config), config.devices);
}

TEST(ClientShareOf, IsWhatWasSetWhereClientsShowWhoTheyAre) {
  ServerConfig tokens;
  tokens.limits.client_share = 0.25;
  ServerConfig certificates = tokens;
  tokens.auth.tokens_file = "tokens.json";
  certificates.tls.client_ca = "ca.pem";
  EXPECT_EQ(ClientShareOf(tokens), 0.25);
  EXPECT_EQ(ClientShareOf(certificates), 0.25);
}

TEST(ClientShareOf, IsTheWholeWhereAllAreOneClient) {
  ServerConfig config;
  config.limits.client_share = 0.25;
  config.tls.certificate = "server.pem";
  EXPECT_EQ(ClientShareOf(config), 1);
}

TEST(CompleteConfig, SharesThreadsAmongDevices) {
  ServerConfig config;
  config.models = "models";
  config.devices = {{.name = "left"}, {.name = "right", .threads = 5}};
  CompleteConfig(config);
  EXPECT_GE(config.devices[0].threads, 1);
  EXPECT_EQ(config.devices[1].threads, 5);
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
