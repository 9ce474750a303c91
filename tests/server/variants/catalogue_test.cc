#include "server/variants/catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <future>
#include <string>
#include <thread>

#include "engine/execute/plain/plain_executor.h"
#include "server/policy/asked_level.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/server/variants/tiny_variants.h"
#include "tests/server/wait_until.h"

namespace tuckerseg {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr int64_t kPlenty = int64_t{1} << 30;

/// A model with two levels, `a` and `b`, each cheaper than the original.
class CatalogueTest : public testing::Test {
 protected:
  CatalogueTest() {
    disk_.Add("a", {{"a", 0.5, true, 2}}, 2);
    disk_.Add("b", {{"b", 0.3, true, 1}}, 3);
  }

  /// On one device, or on those of `settings`.
  Catalogue& Open(int64_t host_bytes = kPlenty, const std::vector<DeviceSettings>& settings = std::vector<DeviceSettings>(1)) {
    host_.emplace(host_bytes);
    devices_.emplace();
    for (const DeviceSettings& device : settings) devices_->Add(device, {factory_}, host_bytes);
    CatalogueOptions options{.directory = disk_.models(), .warm_up = warm_up_, .warm_up_bytes = [bytes = warm_up_bytes_](const Model&) { return bytes; }};
    catalogue_.emplace(std::move(options), *devices_, *host_, metrics_);
    return *catalogue_;
  }
  Catalogue& OpenAndLoad(int64_t host_bytes = kPlenty, const std::vector<DeviceSettings>& settings = std::vector<DeviceSettings>(1)) {
    Open(host_bytes, settings).LoadWhatFits();
    return *catalogue_;
  }

  /// As things are now; stays until the next call.
  const ServedLevel& Level(const std::string& name) {
    view_ = catalogue_->View();
    return FindMeantLevel(name, view_->Find("").levels);
  }
  LevelState State(const std::string& name, size_t device = 0) { return Level(name).devices.at(device).state; }
  LevelHold Hold(const std::string& name, size_t device = 0) { return catalogue_->Hold({&Level(name)}, device); }
  int64_t Bytes(const std::string& name) {
    for (const DescribedLevel& described : DescribeBundle(disk_.bundle(), false).levels)
      if (described.level.name == name) return described.level.weight_bytes;
    ADD_FAILURE() << name;
    return 0;
  }
  /// A request that uses the level and is over.
  void Use(const std::string& name) { catalogue_->Finish(Hold(name)); }

  const ModelOnDisk disk_{TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1)};
  ExecutorFactory factory_ = PlainExecutorFactory();
  std::function<double(Segmenter&)> warm_up_ = [](Segmenter&) { return 0.25; };
  int64_t warm_up_bytes_ = 0;
  Metrics metrics_{"test", {"cpu"}};
  std::optional<MemoryBudget> host_;
  std::optional<Devices> devices_;
  std::optional<Catalogue> catalogue_;
  std::shared_ptr<const CatalogueView> view_;  // last: it must not outlive the devices
};

TEST_F(CatalogueTest, FindsEveryLevelBeforeAnyIsLoaded) {
  Open();
  for (const char* name : {"original", "a", "b"}) {
    EXPECT_EQ(State(name), LevelState::kAvailable) << name;
    EXPECT_TRUE(Level(name).ready()) << name;
  }
  EXPECT_EQ(host_->weight_bytes(), 0);
}

TEST_F(CatalogueTest, LoadsAllOnEveryDeviceWhereThereIsRoom) {
  OpenAndLoad(kPlenty, {{.name = "left"}, {.name = "right"}});
  for (const char* name : {"original", "a", "b"})
    for (const size_t device : {0, 1}) EXPECT_EQ(State(name, device), LevelState::kLoaded) << name << " " << device;
  const int64_t each = Bytes("original") + Bytes("a") + Bytes("b");
  EXPECT_EQ(devices_->at(0).memory().weight_bytes(), each);
  EXPECT_EQ(devices_->at(1).memory().weight_bytes(), each);
  EXPECT_EQ(host_->weight_bytes(), 2 * each) << "both are on the host";
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(tuckerseg_variant_load_duration_seconds_count{device="right",model="tiny",variant="b"} 1)"));
}

TEST_F(CatalogueTest, TakesWeightsOfAGpuFromItsOwnMemoryAlone) {
  OpenAndLoad(kPlenty, {{.name = "gpu", .device = "cuda:0", .memory_limit_bytes = kPlenty}});
  EXPECT_EQ(State("original"), LevelState::kLoaded);
  EXPECT_GT(devices_->at(0).memory().weight_bytes(), 0);
  EXPECT_EQ(host_->weight_bytes(), 0);
}

TEST_F(CatalogueTest, LoadsOriginalsOnEveryDeviceBeforeOtherLevels) {
  OpenAndLoad(2 * Bytes("original"), {{.name = "left"}, {.name = "right"}});
  EXPECT_EQ(State("original", 0), LevelState::kLoaded);
  EXPECT_EQ(State("original", 1), LevelState::kLoaded);
  EXPECT_EQ(State("a", 0), LevelState::kAvailable);
}

TEST_F(CatalogueTest, LeavesOnDiskWhatFindsNoRoomAndSaysWhy) {
  OpenAndLoad(Bytes("original") + Bytes("a"));
  EXPECT_EQ(State("b"), LevelState::kAvailable);
  EXPECT_THAT(Level("b").devices[0].error, HasSubstr("of weights found no room"));
  EXPECT_TRUE(Level("b").ready()) << "a request can have it loaded";
}

TEST_F(CatalogueTest, WarmsLevelsUpAndTellsHowLongAPatchTakes) {
  int warmed = 0;
  warm_up_ = [&warmed](Segmenter& segmenter) {
    ++warmed;
    return segmenter.TimePatch();
  };
  OpenAndLoad();
  EXPECT_EQ(warmed, 3);
  EXPECT_GT(devices_->at(0).times().KnownPatchSeconds({"tiny", "a"}).value(), 0);
}

TEST_F(CatalogueTest, HoldsMemoryForThePatchThatWarmsALevelUpAsLongAsThatTakes) {
  warm_up_bytes_ = 1000;
  std::vector<int64_t> on_host;
  std::vector<int64_t> on_device;
  warm_up_ = [&](Segmenter&) {
    on_host.push_back(host_->reserved_bytes());
    on_device.push_back(devices_->at(0).memory().reserved_bytes());
    return 0.25;
  };
  OpenAndLoad();
  EXPECT_THAT(on_host, testing::ElementsAre(1000, 1000, 1000));
  EXPECT_EQ(on_device, on_host);
  catalogue_->Unload(Level("a"), 0);
  catalogue_->Load(Level("a"), 0);
  EXPECT_EQ(on_host.back(), 1000) << "by name, too";
  catalogue_->Load(Level("a"), 0);
  EXPECT_EQ(on_host.size(), 4U) << "one that is loaded is not warmed up";
  EXPECT_EQ(host_->reserved_bytes(), 0);
  EXPECT_EQ(devices_->at(0).memory().reserved_bytes(), 0);
}

TEST_F(CatalogueTest, LeavesOnDiskWhatHasNoRoomForThatPatchButForRequestsWhichHaveTheirOwn) {
  std::filesystem::remove_all(disk_.variant("a"));
  std::filesystem::remove_all(disk_.variant("b"));
  warm_up_bytes_ = 1000;
  Open(Bytes("original") + 1000);
  const MemoryReservation running = host_->Reserve(1, "volume");
  catalogue_->LoadWhatFits();
  EXPECT_EQ(State("original"), LevelState::kAvailable);
  EXPECT_THAT(Level("original").devices[0].error, HasSubstr("found no room beside what the patch takes that warms them up"));
  EXPECT_EQ(host_->weight_bytes(), 0);
  ExpectError(ErrorCode::kResourceExhausted, "weights of this level: needs", [this] { catalogue_->Load(Level("original"), 0); });
  EXPECT_EQ(host_->reserved_bytes(), 1);
  EXPECT_NO_THROW(Use("original"));
  EXPECT_EQ(State("original"), LevelState::kLoaded);
}

TEST_F(CatalogueTest, HasALevelFailOnADeviceThatIsTooSmallForItAndAPatchWhateverElseGoes) {
  warm_up_bytes_ = 1000;
  const int64_t bytes = Bytes("original");
  testing::internal::CaptureStdout();
  OpenAndLoad(kPlenty, {{.name = "small", .memory_limit_bytes = bytes + 999}, {.name = "large"}});
  EXPECT_THAT(testing::internal::GetCapturedStdout(), testing::ContainsRegex(R"("device":"small","event":"variant_failed".*"variant":"original")"));
  EXPECT_EQ(State("original", 0), LevelState::kFailed);
  EXPECT_EQ(Level("original").devices[0].error, "memory: " + std::to_string(bytes) + " bytes of weights and 1000 of the patch that warms them up are needed: must be at most " +
                                                    std::to_string(bytes + 999) + " together");
  EXPECT_EQ(State("a", 0), LevelState::kLoaded) << "which is smaller";
  EXPECT_EQ(State("original", 1), LevelState::kLoaded);
  EXPECT_TRUE(Level("original").ready());
}

TEST_F(CatalogueTest, CannotServeWhereEveryLevelTakesMoreThanTheHostHas) {
  OpenAndLoad(1);
  for (const char* name : {"original", "a", "b"}) EXPECT_EQ(State(name), LevelState::kFailed) << name;
  EXPECT_FALSE(catalogue_->View()->CanServe());
  EXPECT_THAT(BrokenModels(*catalogue_->View()), testing::ElementsAre(HasSubstr("bundle bundle: memory: ")));
}

TEST_F(CatalogueTest, LoadsEachLevelOnceForACheckThoughTheyDoNotFitTogether) {
  disk_.SpoilWeights("b");
  Open(Bytes("original")).LoadEach();
  for (const char* level : {"original", "a"}) {
    EXPECT_THAT(metrics_.Text(), HasSubstr("tuckerseg_variant_load_duration_seconds_count{device=\"cpu\",model=\"tiny\",variant=\"" + std::string(level) + "\"} 1"));
    EXPECT_TRUE(Level(level).ready()) << level;
  }
  EXPECT_EQ(State("b"), LevelState::kFailed);
  EXPECT_THAT(Level("b").error, HasSubstr("pass the end of the file"));
}

TEST_F(CatalogueTest, HasALevelThatCannotRunAPatchFail) {
  warm_up_ = [](Segmenter& segmenter) -> double {
    if (segmenter.model().parts.front().graph.layers[1].kind == LayerKind::kTuckerConvolution) throw Error(ErrorCode::kInternal, "a patch: no kernel for it");
    return 0.25;
  };
  OpenAndLoad();
  EXPECT_EQ(State("original"), LevelState::kLoaded);
  EXPECT_EQ(State("a"), LevelState::kFailed);
  EXPECT_EQ(Level("a").error, "a patch: no kernel for it");
  EXPECT_EQ(host_->weight_bytes(), Bytes("original")) << "its memory was given back";
}

TEST_F(CatalogueTest, LeavesALevelOnDiskThatTheDeviceHadNoMemoryFor) {
  warm_up_ = [](Segmenter&) -> double { throw Error(ErrorCode::kResourceExhausted, "the device has no memory left for a patch"); };
  OpenAndLoad();
  EXPECT_EQ(State("original"), LevelState::kAvailable) << "nothing is wrong with its files";
  EXPECT_EQ(Level("original").devices[0].error, "the device has no memory left for a patch");
}

TEST_F(CatalogueTest, GoesOnWithoutALevelWhoseFilesAreDamaged) {
  disk_.SpoilWeights("a");
  testing::internal::CaptureStdout();
  OpenAndLoad();
  EXPECT_THAT(testing::internal::GetCapturedStdout(), testing::AllOf(HasSubstr(R"("event":"variant_failed")"), HasSubstr(R"("variant":"a")"),
                                                                   testing::Not(HasSubstr(disk_.models().string()))));
  EXPECT_EQ(State("a"), LevelState::kFailed);
  EXPECT_THAT(Level("a").error, HasSubstr("pass the end of the file"));
  EXPECT_EQ(State("b"), LevelState::kLoaded);
  EXPECT_EQ(State("original"), LevelState::kLoaded);
  EXPECT_TRUE(catalogue_->View()->CanServe());
}

TEST_F(CatalogueTest, GoesOnWithoutAnOriginalWhoseFilesAreDamaged) {
  std::filesystem::resize_file(disk_.bundle() / "weights.safetensors", 1000);
  OpenAndLoad();
  EXPECT_EQ(State("original"), LevelState::kFailed);
  EXPECT_EQ(State("a"), LevelState::kLoaded);
  EXPECT_THAT(BrokenModels(*catalogue_->View()), testing::ElementsAre(HasSubstr("bundle bundle: ")));
}

TEST_F(CatalogueTest, GoesOnWithoutABundleThatCannotBeRead) {
  std::filesystem::create_directory(disk_.models() / "spoilt");
  std::ofstream(disk_.models() / "spoilt" / "model.json") << "{";
  testing::internal::CaptureStdout();
  OpenAndLoad();
  EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr(R"("event":"bundle_failed")"));
  EXPECT_EQ(State("original"), LevelState::kLoaded);
  const auto view = catalogue_->View();
  ASSERT_EQ(view->broken.size(), 1U);
  EXPECT_EQ(view->broken[0].directory, "spoilt");
  EXPECT_THAT(view->broken[0].error, HasSubstr("not JSON"));
}

TEST_F(CatalogueTest, ServesTheOthersBesideABundleThatCannotBeListed) {
  std::filesystem::create_directory(disk_.models() / "spoilt");
  std::ofstream(disk_.models() / "spoilt" / "model.json") << "{";
  std::ofstream(disk_.models() / "spoilt" / "parts") << "a file";
  OpenAndLoad();
  EXPECT_EQ(State("original"), LevelState::kLoaded);
  ASSERT_EQ(catalogue_->View()->broken.size(), 1U);
  EXPECT_EQ(catalogue_->View()->broken[0].directory, "spoilt");
}

TEST_F(CatalogueTest, ServesTheFirstOfTwoBundlesOfOneTask) {
  SaveBundle(TinyBundle(TinyUnet(2, 3), {8, 8, 8}, 1), disk_.models() / "later");
  OpenAndLoad();
  const auto view = catalogue_->View();
  EXPECT_EQ(view->Find("tiny").directory, "bundle");
  ASSERT_EQ(view->broken.size(), 1U);
  EXPECT_EQ(view->broken[0].directory, "later");
  EXPECT_EQ(view->broken[0].error, "task tiny: is served by another bundle already");
}

TEST_F(CatalogueTest, StartsWithoutAnyBundleButNotWithoutTheirDirectory) {
  std::filesystem::remove_all(disk_.bundle());
  Open();
  EXPECT_FALSE(catalogue_->View()->CanServe());
  std::filesystem::remove_all(disk_.models());
  ExpectError(ErrorCode::kNotFound, "is no directory; must be one that holds bundles",
              [&] { Catalogue({.directory = disk_.models()}, *devices_, *host_, metrics_); });
}

TEST_F(CatalogueTest, LoadsALevelThatARequestNeeds) {
  Open();
  const LevelHold hold = Hold("a");
  EXPECT_EQ(State("a"), LevelState::kAvailable) << "its memory is reserved, no more";
  EXPECT_EQ(host_->weight_bytes(), Bytes("a"));
  EXPECT_FALSE(catalogue_->IsFinished(hold));
  catalogue_->Finish(hold);
  EXPECT_TRUE(catalogue_->IsFinished(hold));
  EXPECT_EQ(State("a"), LevelState::kLoaded);
  EXPECT_EQ(hold.own().model(), *Level("a").model);
}

TEST_F(CatalogueTest, FindsTheOriginalsThatARequestNeedsBesideItsLevel) {
  OpenAndLoad();
  const LevelHold hold = catalogue_->Hold({&Level("a"), view_->FindOriginal("tiny")}, 0);
  catalogue_->Finish(hold);
  EXPECT_EQ(hold.own().model(), *view_->Find("tiny").levels[1].model);
  ASSERT_NE(hold.Find("tiny"), nullptr);
  EXPECT_EQ(hold.Find("tiny")->model(), view_->Find("tiny").model());
  EXPECT_EQ(hold.Find("lung"), nullptr);
}

TEST_F(CatalogueTest, NeverTouchesTheDiskForALevelThatIsLoaded) {
  OpenAndLoad();
  std::filesystem::remove_all(disk_.bundle());
  for (const char* name : {"original", "a", "b"}) EXPECT_NO_THROW(Use(name)) << name;
}

TEST_F(CatalogueTest, UnloadsWhatWasUsedLeastRecentlyForALevelThatIsNeeded) {
  OpenAndLoad(Bytes("original") + Bytes("a"));
  Use("original");
  Use("a");
  Use("original");
  Use("b");
  EXPECT_EQ(State("original"), LevelState::kLoaded);
  EXPECT_EQ(State("a"), LevelState::kAvailable);
  EXPECT_EQ(State("b"), LevelState::kLoaded);
  EXPECT_LE(host_->weight_bytes(), host_->limit_bytes());
}

TEST_F(CatalogueTest, KeepsOriginalsLongerThanLevelsThatNobodyHasAskedForEither) {
  OpenAndLoad(Bytes("original") + Bytes("a") + Bytes("b"));
  const MemoryReservation volume = host_->Reserve(1, "volume");
  EXPECT_EQ(State("b"), LevelState::kAvailable);
  EXPECT_EQ(State("a"), LevelState::kLoaded);
  EXPECT_EQ(State("original"), LevelState::kLoaded);
}

TEST_F(CatalogueTest, UnloadsAsMuchAsAVolumeNeeds) {
  OpenAndLoad();
  const MemoryReservation volume = host_->Reserve(kPlenty, "volume");
  for (const char* name : {"original", "a", "b"}) EXPECT_EQ(State(name), LevelState::kAvailable) << name;
  EXPECT_EQ(host_->weight_bytes(), 0);
  ExpectError(ErrorCode::kResourceExhausted, "weights of this level: needs", [&] { Hold("a"); });
}

TEST_F(CatalogueTest, UnloadsLevelsOfOtherDevicesForTheHostsMemory) {
  OpenAndLoad(2 * Bytes("original"), {{.name = "left"}, {.name = "right"}});
  catalogue_->Finish(Hold("a", 1));
  EXPECT_EQ(State("a", 1), LevelState::kLoaded);
  EXPECT_EQ(State("original", 0) == LevelState::kLoaded, State("original", 1) != LevelState::kLoaded) << "one of them has gone";
}

TEST_F(CatalogueTest, UnloadsNothingThatARequestHolds) {
  OpenAndLoad(Bytes("original"));
  {
    const LevelHold held = Hold("original");
    ExpectError(ErrorCode::kResourceExhausted, "weights of this level: needs", [&] { Hold("a"); });
    EXPECT_EQ(State("original"), LevelState::kLoaded);
  }
  EXPECT_NO_THROW(Use("a"));
}

TEST_F(CatalogueTest, UnloadsNothingThatWasLoadedByNameUntilItIsUnloadedByName) {
  OpenAndLoad(Bytes("original"));
  catalogue_->Load(Level("original"), 0);
  EXPECT_TRUE(Level("original").devices[0].pinned);
  EXPECT_THROW(Hold("a"), Error);
  catalogue_->Unload(Level("original"), 0);
  EXPECT_EQ(State("original"), LevelState::kAvailable);
  EXPECT_FALSE(Level("original").devices[0].pinned);
  EXPECT_NO_THROW(Use("a"));
}

TEST_F(CatalogueTest, LoadsByNameOnEveryDeviceUnlessOneIsNamed) {
  Open(kPlenty, {{.name = "left"}, {.name = "right"}});
  catalogue_->Load(Level("a"), 1);
  EXPECT_EQ(State("a", 0), LevelState::kAvailable);
  EXPECT_EQ(State("a", 1), LevelState::kLoaded);
  catalogue_->Load(Level("b"), {});
  EXPECT_EQ(State("b", 0), LevelState::kLoaded);
  EXPECT_EQ(State("b", 1), LevelState::kLoaded);
  catalogue_->Unload(Level("b"), {});
  EXPECT_EQ(State("b", 0), LevelState::kAvailable);
  EXPECT_EQ(State("b", 1), LevelState::kAvailable);
}

TEST_F(CatalogueTest, LoadsByNameWhatFitsOnOneOfTheDevices) {
  Open(kPlenty, {{.name = "small", .memory_limit_bytes = 1}, {.name = "large"}});
  EXPECT_NO_THROW(catalogue_->Load(Level("a"), {}));
  EXPECT_EQ(State("a", 1), LevelState::kLoaded);
  ExpectError(ErrorCode::kResourceExhausted, "weights of this level: needs", [&] { catalogue_->Load(Level("a"), 0); });
}

TEST_F(CatalogueTest, TriesALevelAgainByNameThatCouldNotBeLoaded) {
  const std::filesystem::path weights = disk_.variant("a") / "weights.safetensors";
  std::filesystem::rename(weights, disk_.variant("a") / "elsewhere");
  OpenAndLoad();
  ASSERT_EQ(State("a"), LevelState::kFailed);
  ExpectError(ErrorCode::kFailedPrecondition, "level = a: could not be loaded: weights: cannot be opened", [&] { catalogue_->Load(Level("a"), 0); });
  std::filesystem::rename(disk_.variant("a") / "elsewhere", weights);
  catalogue_->Load(Level("a"), 0);
  EXPECT_EQ(State("a"), LevelState::kLoaded);
  EXPECT_EQ(Level("a").error, "");
}

TEST_F(CatalogueTest, GivesTheMemoryOfAnUnloadedLevelBackOnceNoRequestUsesIt) {
  OpenAndLoad();
  const int64_t all = host_->weight_bytes();
  {
    const LevelHold held = Hold("a");
    catalogue_->Unload(Level("a"), 0);
    EXPECT_EQ(State("a"), LevelState::kAvailable);
    EXPECT_EQ(host_->weight_bytes(), all);
    catalogue_->Finish(held);
    EXPECT_EQ(held.own().model(), *Level("a").model) << "the request ends with it";
  }
  EXPECT_EQ(host_->weight_bytes(), all - Bytes("a"));
}

TEST_F(CatalogueTest, LoadsALevelAnewForRequestsAfterItWasUnloaded) {
  OpenAndLoad();
  catalogue_->Unload(Level("a"), 0);
  EXPECT_NO_THROW(Use("a"));
  EXPECT_EQ(State("a"), LevelState::kLoaded);
  EXPECT_FALSE(Level("a").devices[0].pinned);
}

TEST_F(CatalogueTest, HoldsNothingAfterAHundredLoadsAndUnloads) {
  Open();
  for (int i = 0; i < 100; ++i) {
    catalogue_->Load(Level("a"), 0);
    catalogue_->Unload(Level("a"), 0);
  }
  EXPECT_EQ(host_->weight_bytes(), 0);
  EXPECT_EQ(devices_->at(0).memory().weight_bytes(), 0);
}

TEST_F(CatalogueTest, LoadsALevelOnceForSeveralRequests) {
  std::atomic<int> made = 0;
  factory_ = [&made](const LayerGraph& graph, const WeightStore& weights, const std::string& prefix) {
    ++made;
    std::this_thread::sleep_for(milliseconds(20));  // for the others to come
    return PlainExecutorFactory()(graph, weights, prefix);
  };
  Open();
  const LevelHold hold = Hold("a");
  std::vector<std::jthread> requests;
  for (int i = 0; i < 4; ++i) requests.emplace_back([&] { catalogue_->Finish(hold); });
  requests.clear();
  EXPECT_EQ(made, 1);
  EXPECT_EQ(State("a"), LevelState::kLoaded);
}

TEST_F(CatalogueTest, TriesALevelThatCannotBeLoadedOnceForSeveralRequestsAndAgainByName) {
  int tries = 0;
  warm_up_ = [&tries](Segmenter&) -> double {
    ++tries;
    throw Error(ErrorCode::kInternal, "a patch: no kernel for it");
  };
  Open();
  const LevelHold first = Hold("a");
  const LevelHold second = Hold("a");
  const std::string reason = "level = a: could not be loaded: a patch: no kernel for it";
  for (const LevelHold* hold : {&first, &second}) ExpectError(ErrorCode::kFailedPrecondition, reason, [&] { catalogue_->Finish(*hold); });
  EXPECT_EQ(tries, 1);
  EXPECT_EQ(State("a"), LevelState::kFailed);
  ExpectError(ErrorCode::kFailedPrecondition, reason, [&] { catalogue_->Load(Level("a"), 0); });
  EXPECT_EQ(tries, 2);
}

TEST_F(CatalogueTest, TriesALevelThatTheDeviceHadNoMemoryForAgainForEachRequest) {
  bool has_memory = false;
  warm_up_ = [&has_memory](Segmenter&) -> double {
    if (!has_memory) throw Error(ErrorCode::kResourceExhausted, "the device has no memory left for a patch");
    return 0.25;
  };
  Open();
  const LevelHold first = Hold("a");
  const LevelHold second = Hold("a");
  ExpectError(ErrorCode::kResourceExhausted, "the device has no memory left for a patch", [&] { catalogue_->Finish(first); });
  has_memory = true;
  EXPECT_NO_THROW(catalogue_->Finish(second));
  EXPECT_TRUE(catalogue_->IsFinished(second));
}

TEST_F(CatalogueTest, LetsRequestsGoOnWhileALevelIsLoaded) {
  std::promise<void> go_on;
  const std::shared_future<void> may_go_on = go_on.get_future().share();
  std::atomic<bool> hold_up = false;
  factory_ = [&](const LayerGraph& graph, const WeightStore& weights, const std::string& prefix) {
    if (hold_up) may_go_on.wait();
    return PlainExecutorFactory()(graph, weights, prefix);
  };
  OpenAndLoad();
  catalogue_->Unload(Level("a"), 0);
  hold_up = true;
  const LevelHold needed = Hold("a");
  std::jthread loading([&] { catalogue_->Finish(needed); });
  EXPECT_TRUE(WaitUntil([&] { return State("a") == LevelState::kLoading; }));
  EXPECT_NO_THROW(Use("b")) << "which is loaded";
  catalogue_->Unload(Level("a"), 0);
  EXPECT_EQ(State("a"), LevelState::kAvailable) << "it can be unloaded by name even now";
  go_on.set_value();
  loading.join();
  EXPECT_EQ(needed.own().model(), *Level("a").model) << "whoever waited for it has it";
  EXPECT_EQ(State("a"), LevelState::kAvailable);
}

TEST_F(CatalogueTest, ForetellsWhatALevelTakesWhereItIsNotThere) {
  OpenAndLoad();
  catalogue_->Unload(Level("a"), 0);
  const LevelRoom missing = catalogue_->RoomFor({&Level("a")}, 0);
  EXPECT_EQ(missing.missing_bytes, Bytes("a"));
  EXPECT_GT(missing.load_s, 0);
  EXPECT_EQ(missing.leaving_bytes, Bytes("original") + Bytes("b")) << "if it must be";
  EXPECT_EQ(missing.leaving_on_host_bytes, missing.leaving_bytes);
  EXPECT_EQ(missing.lasting_bytes, 0);
  Use("a");
  const LevelRoom there = catalogue_->RoomFor({&Level("a")}, 0);
  EXPECT_EQ(there.missing_bytes, 0);
  EXPECT_EQ(there.load_s, 0);
  EXPECT_EQ(there.lasting_bytes, Bytes("a")) << "it must stay for this request";
}

TEST_F(CatalogueTest, MakesNoRoomOfWhatIsHeldOrPinned) {
  OpenAndLoad();
  const LevelHold held = Hold("original");
  catalogue_->Load(Level("b"), 0);
  const LevelRoom room = catalogue_->RoomFor({&Level("a")}, 0);
  EXPECT_EQ(room.leaving_bytes, 0);
  EXPECT_EQ(room.lasting_bytes, Bytes("a") + Bytes("b")) << "the original stays no longer than the request that holds it";
}

TEST_F(CatalogueTest, TellsWhyALevelCannotBeLoadedOnADevice) {
  disk_.SpoilWeights("a");
  OpenAndLoad();
  EXPECT_THAT(catalogue_->RoomFor({&Level("a")}, 0).error, HasSubstr("pass the end of the file"));
  EXPECT_EQ(catalogue_->RoomFor({&Level("b")}, 0).error, "");
}

TEST_F(CatalogueTest, TellsThoseThatWaitOfEveryChange) {
  Open();
  const int64_t seen = catalogue_->version();
  EXPECT_EQ(catalogue_->WaitForChange(seen, milliseconds(1)), seen) << "nothing has changed";
  std::future<int64_t> next = std::async(std::launch::async, [&] { return catalogue_->WaitForChange(seen, kLimit); });
  Use("a");
  EXPECT_GT(next.get(), seen);
}

TEST_F(CatalogueTest, StopsTheQueuesWhoseWorkLoadsLevelsBeforeItGoes) {
  Catalogue& catalogue = Open();
  std::atomic<bool> begun = false;
  std::atomic<bool> loaded = false;
  devices_->at(0).queue().Submit({}, [&](const std::stop_token& stop, DeviceGate&) {
    begun = true;
    while (!stop.stop_requested()) std::this_thread::sleep_for(milliseconds(1));
    const auto view = catalogue.View();  // it is still there
    catalogue.Finish(catalogue.Hold({&view->Find("").original()}, 0));
    loaded = true;
  });
  ASSERT_TRUE(WaitUntil([&] { return begun.load(); }));
  catalogue_.reset();
  EXPECT_TRUE(loaded);
  ExpectError(ErrorCode::kUnavailable, "the server is stopping", [&] { devices_->at(0).queue().Submit({}, [](const std::stop_token&, DeviceGate&) {}); });
}

}  // namespace
}  // namespace tuckerseg
