/// What a catalogue finds and loads before anybody asks for anything, and what becomes of what it cannot load.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/engine/volume/expect_error.h"
#include "tests/server/variants/opened_catalogue.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

class CatalogueAtStart : public CatalogueTest {};

TEST_F(CatalogueAtStart, FindsEveryLevelBeforeAnyIsLoaded) {
  Open();
  for (const char* name : {"original", "a", "b"}) {
    EXPECT_EQ(State(name), LevelState::kAvailable) << name;
    EXPECT_TRUE(Level(name).ready()) << name;
  }
  EXPECT_EQ(host_->weight_bytes(), 0);
}

TEST_F(CatalogueAtStart, LoadsAllOnEveryDeviceWhereThereIsRoom) {
  OpenAndLoad(kPlenty, {{.name = "left"}, {.name = "right"}});
  for (const char* name : {"original", "a", "b"})
    for (const size_t device : {0, 1}) EXPECT_EQ(State(name, device), LevelState::kLoaded) << name << " " << device;
  const int64_t each = Bytes("original") + Bytes("a") + Bytes("b");
  EXPECT_EQ(devices_->at(0).memory().weight_bytes(), each);
  EXPECT_EQ(devices_->at(1).memory().weight_bytes(), each);
  EXPECT_EQ(host_->weight_bytes(), 2 * each) << "both are on the host";
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(tuckerseg_variant_load_duration_seconds_count{device="right",model="tiny",variant="b"} 1)"));
}

TEST_F(CatalogueAtStart, TakesWeightsOfAGpuFromItsOwnMemoryAlone) {
  OpenAndLoad(kPlenty, {{.name = "gpu", .device = "cuda:0", .memory_limit_bytes = kPlenty}});
  EXPECT_EQ(State("original"), LevelState::kLoaded);
  EXPECT_GT(devices_->at(0).memory().weight_bytes(), 0);
  EXPECT_EQ(host_->weight_bytes(), 0);
}

TEST_F(CatalogueAtStart, LoadsOriginalsOnEveryDeviceBeforeOtherLevels) {
  OpenAndLoad(2 * Bytes("original"), {{.name = "left"}, {.name = "right"}});
  EXPECT_EQ(State("original", 0), LevelState::kLoaded);
  EXPECT_EQ(State("original", 1), LevelState::kLoaded);
  EXPECT_EQ(State("a", 0), LevelState::kAvailable);
}

TEST_F(CatalogueAtStart, LeavesOnDiskWhatFindsNoRoomAndSaysWhy) {
  OpenAndLoad(Bytes("original") + Bytes("a"));
  EXPECT_EQ(State("b"), LevelState::kAvailable);
  EXPECT_THAT(Level("b").devices[0].error, HasSubstr("of weights found no room"));
  EXPECT_TRUE(Level("b").ready()) << "a request can have it loaded";
}

TEST_F(CatalogueAtStart, WarmsLevelsUpAndTellsHowLongAPatchTakes) {
  int warmed = 0;
  warm_up_ = [&warmed](Segmenter& segmenter) {
    ++warmed;
    return segmenter.TimePatch();
  };
  OpenAndLoad();
  EXPECT_EQ(warmed, 3);
  EXPECT_GT(devices_->at(0).times().KnownPatchSeconds({"tiny", "a"}).value(), 0);
}

TEST_F(CatalogueAtStart, HoldsMemoryForThePatchThatWarmsALevelUpAsLongAsThatTakes) {
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

TEST_F(CatalogueAtStart, HoldsMemoryForTheFilesWhereTheyTakeMoreThanThatPatch) {
  warm_up_bytes_ = 1000;
  reading_bytes_ = 5000;
  std::vector<int64_t> on_host;
  warm_up_ = [&](Segmenter&) {
    on_host.push_back(host_->reserved_bytes());
    return 0.25;
  };
  const int64_t bytes = Bytes("original");
  OpenAndLoad(bytes + 4999);
  EXPECT_THAT(on_host, testing::Each(5000));
  EXPECT_EQ(State("original"), LevelState::kFailed);
  const std::string reason = "memory: " + std::to_string(bytes) + " bytes of weights and 5000 of their files, while they are read, are needed: must be at most " + std::to_string(bytes + 4999) + " together";
  EXPECT_EQ(Level("original").devices[0].error, reason);
  ExpectError(ErrorCode::kResourceExhausted, "weights of this level: needs", [this] { catalogue_->Load(Level("original"), 0); });
  EXPECT_EQ(State("original"), LevelState::kFailed) << "by name, too";
}

TEST_F(CatalogueAtStart, LeavesOnDiskWhatHasNoRoomForThatPatchButForRequestsWhichHaveTheirOwn) {
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

TEST_F(CatalogueAtStart, HasALevelFailOnADeviceThatIsTooSmallForItAndAPatchWhateverElseGoes) {
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

TEST_F(CatalogueAtStart, CannotServeWhereEveryLevelTakesMoreThanTheHostHas) {
  OpenAndLoad(1);
  for (const char* name : {"original", "a", "b"}) EXPECT_EQ(State(name), LevelState::kFailed) << name;
  EXPECT_FALSE(catalogue_->View()->CanServe());
  EXPECT_THAT(BrokenModels(*catalogue_->View()), testing::ElementsAre(HasSubstr("bundle bundle: memory: ")));
}

TEST_F(CatalogueAtStart, LoadsEachLevelOnceForACheckThoughTheyDoNotFitTogether) {
  disk_.SpoilWeights("b");
  Open(Bytes("original")).LoadEach();
  for (const char* level : {"original", "a"}) {
    EXPECT_THAT(metrics_.Text(), HasSubstr("tuckerseg_variant_load_duration_seconds_count{device=\"cpu\",model=\"tiny\",variant=\"" + std::string(level) + "\"} 1"));
    EXPECT_TRUE(Level(level).ready()) << level;
  }
  EXPECT_EQ(State("b"), LevelState::kFailed);
  EXPECT_THAT(Level("b").error, HasSubstr("pass the end of the file"));
}

TEST_F(CatalogueAtStart, HasALevelThatCannotRunAPatchFail) {
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

TEST_F(CatalogueAtStart, LeavesALevelOnDiskThatTheDeviceHadNoMemoryFor) {
  warm_up_ = [](Segmenter&) -> double { throw Error(ErrorCode::kResourceExhausted, "the device has no memory left for a patch"); };
  OpenAndLoad();
  EXPECT_EQ(State("original"), LevelState::kAvailable) << "nothing is wrong with its files";
  EXPECT_EQ(Level("original").devices[0].error, "the device has no memory left for a patch");
}

TEST_F(CatalogueAtStart, GoesOnWithoutALevelWhoseFilesAreDamaged) {
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

TEST_F(CatalogueAtStart, GoesOnWithoutAnOriginalWhoseFilesAreDamaged) {
  std::filesystem::resize_file(disk_.bundle() / "weights.safetensors", 1000);
  OpenAndLoad();
  EXPECT_EQ(State("original"), LevelState::kFailed);
  EXPECT_EQ(State("a"), LevelState::kLoaded);
  EXPECT_THAT(BrokenModels(*catalogue_->View()), testing::ElementsAre(HasSubstr("bundle bundle: ")));
}

TEST_F(CatalogueAtStart, GoesOnWithoutABundleThatCannotBeRead) {
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

TEST_F(CatalogueAtStart, ServesTheOthersBesideABundleThatCannotBeListed) {
  std::filesystem::create_directory(disk_.models() / "spoilt");
  std::ofstream(disk_.models() / "spoilt" / "model.json") << "{";
  std::ofstream(disk_.models() / "spoilt" / "parts") << "a file";
  OpenAndLoad();
  EXPECT_EQ(State("original"), LevelState::kLoaded);
  ASSERT_EQ(catalogue_->View()->broken.size(), 1U);
  EXPECT_EQ(catalogue_->View()->broken[0].directory, "spoilt");
}

TEST_F(CatalogueAtStart, ServesTheFirstOfTwoBundlesOfOneTask) {
  SaveBundle(TinyBundle(TinyUnet(2, 3), {8, 8, 8}, 1), disk_.models() / "later");
  OpenAndLoad();
  const auto view = catalogue_->View();
  EXPECT_EQ(view->Find("tiny").directory, "bundle");
  ASSERT_EQ(view->broken.size(), 1U);
  EXPECT_EQ(view->broken[0].directory, "later");
  EXPECT_EQ(view->broken[0].error, "task tiny: is served by another bundle already");
}

TEST_F(CatalogueAtStart, StartsWithoutAnyBundleButNotWithoutTheirDirectory) {
  std::filesystem::remove_all(disk_.bundle());
  Open();
  EXPECT_FALSE(catalogue_->View()->CanServe());
  std::filesystem::remove_all(disk_.models());
  ExpectError(ErrorCode::kNotFound, "is no directory; must be one that holds bundles",
              [&] { Catalogue({.directory = disk_.models()}, *devices_, *host_, metrics_); });
}

}  // namespace
}  // namespace tuckerseg
