/// What becomes of a catalogue as what lies in its directory comes, goes and is replaced while it serves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <stop_token>
#include <string>
#include <thread>

#include "server/variants/model_rescan.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/server/variants/rescanned_catalogue.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(CatalogueRescan, ChangesNothingWhereNothingHasChanged) {
  const int64_t version = catalogue_->version();
  EXPECT_FALSE(Look());
  EXPECT_EQ(catalogue_->version(), version);
}

TEST_F(CatalogueRescan, ServesANewVariantOnceItIsStill) {
  disk_.Add("b", {{"b", 0.3, true, 1}}, 3);
  EXPECT_FALSE(catalogue_->Rescan()) << "it may still be written";
  EXPECT_THAT(Names(), ElementsAre("tiny original", "tiny a"));
  EXPECT_TRUE(catalogue_->Rescan());
  EXPECT_THAT(Names(), ElementsAre("tiny original", "tiny a", "tiny b"));
  EXPECT_EQ(State("b"), LevelState::kAvailable);
  EXPECT_EQ(State("a"), LevelState::kLoaded) << "and is not loaded again for it";
  catalogue_->LoadWhatFits();
  EXPECT_EQ(State("b"), LevelState::kLoaded);
}

TEST_F(CatalogueRescan, ServesANewBundle) {
  Bundle lung = TinyBundle(TinyUnet(2, 3), {8, 8, 8}, 4);
  lung.model.task = "lung";
  SaveBundle(lung, disk_.models() / "lung");
  EXPECT_TRUE(Look());
  EXPECT_THAT(Names(), ElementsAre("lung original", "tiny original", "tiny a"));
  EXPECT_EQ(view_->Find("lung").original().devices[0].state, LevelState::kLoaded);
}

TEST_F(CatalogueRescan, TellsWhatACardSaysWithoutLoadingAnything) {
  ASSERT_FALSE(Level("a").card);
  const auto resident = catalogue_->Hold({&Level("a")}, 0);
  disk_.Write("a", "card.json", TinyCard("a", 0.93, 0.91));
  EXPECT_TRUE(Look());
  EXPECT_EQ(Level("a").card->Quality(), 0.91);
  const LevelHold now = catalogue_->Hold({&Level("a")}, 0);
  EXPECT_EQ(&now.own(), &resident.own()) << "the same weights";
  fs::remove(disk_.variant("a") / "card.json");
  EXPECT_TRUE(Look());
  EXPECT_FALSE(Level("a").card);
}

TEST_F(CatalogueRescan, ServesReplacedWeightsToNewRequestsWhileOthersEndWithTheOldOnes) {
  const std::vector<uint16_t> old_labels = LabelsOf("a");
  ASSERT_THAT(old_labels, Each(1));
  {
    const std::shared_ptr<const CatalogueView> begun = catalogue_->View();  // what a request that is still sending has
    ReplaceA();
    EXPECT_TRUE(Look());
    EXPECT_EQ(State("a"), LevelState::kLoaded);
    EXPECT_THAT(LabelsOf("a"), Each(2));
    EXPECT_EQ(LabelsOf(catalogue_->Hold({&begun->Find("tiny").levels[1]}, 0)), old_labels);
    EXPECT_EQ(host_.weight_bytes(), Level("original").weight_bytes + 2 * Level("a").weight_bytes) << "as long as it needs them";
  }
  EXPECT_EQ(host_.weight_bytes(), Level("original").weight_bytes + Level("a").weight_bytes);
}

TEST_F(CatalogueRescan, TellsOfTheWeightsThatRunWhereOthersTookTheirPlaceBetweenALookAndItsDescription) {
  const std::string old = Level("a").weights_sha256;
  disk_.Add("b", {{"b", 0.3, true, 1}}, 3);
  ASSERT_FALSE(catalogue_->Rescan());
  before_description_ = [this] { ReplaceA(); };
  ASSERT_TRUE(catalogue_->Rescan());
  catalogue_->LoadWhatFits();
  ASSERT_NE(Level("a").weights_sha256, old);
  EXPECT_THAT(LabelsOf("a"), Each(2));
}

TEST_F(CatalogueRescan, ForgetsTheTimesOfReplacedWeightsAndKeepsTheirPin) {
  catalogue_->Load(Level("a"), 0);
  devices_.at(0).times().Learn({"tiny", "a"}, {.patches = 1, .voxels = 1}, 100, 1);
  ReplaceA();
  EXPECT_TRUE(Look());
  EXPECT_EQ(devices_.at(0).times().KnownPatchSeconds({"tiny", "a"}), 0.25) << "as it was warmed up anew";
  EXPECT_TRUE(Level("a").devices[0].pinned);
  EXPECT_EQ(State("a"), LevelState::kLoaded);
}

TEST_F(CatalogueRescan, LearnsNothingOfALevelFromRequestsThatEndAfterItsWeightsWereReplacedOrHaveGone) {
  const std::shared_ptr<const CatalogueView> begun = catalogue_->View();
  const ServedLevel& old = begun->Find("tiny").levels.at(1);
  const auto known = [this] { return devices_.at(0).times().KnownPatchSeconds({"tiny", "a"}); };
  catalogue_->Learn(old, 0, {.patches = 1, .voxels = 1}, 3, 1);
  ASSERT_EQ(known(), 3) << "it is the level";
  ReplaceA();
  ASSERT_TRUE(Look());
  catalogue_->Learn(old, 0, {.patches = 1, .voxels = 1}, 100, 1);
  EXPECT_EQ(known(), 0.25) << "as the new one was warmed up";
  fs::remove_all(disk_.variant("a"));
  ASSERT_TRUE(Look());
  catalogue_->Learn(old, 0, {.patches = 1, .voxels = 1}, 100, 1);
  EXPECT_FALSE(known()) << "it would be the slowest known of its task";
}

TEST_F(CatalogueRescan, ExpectsNothingOfALevelByTheWarmUpOfWeightsThatWereReplacedMeanwhile) {
  LoadAWhileItIsReplaced(100);
  EXPECT_FALSE(devices_.at(0).times().KnownPatchSeconds({"tiny", "a"}));
  catalogue_->LoadWhatFits();
  EXPECT_EQ(devices_.at(0).times().KnownPatchSeconds({"tiny", "a"}), 0.25);
}

TEST_F(CatalogueRescan, KeepsThePinOfALevelThatCannotBeReadForAWhile) {
  for (const char* pinned : {"original", "a"}) catalogue_->Load(Level(pinned), 0);
  const fs::path model = disk_.bundle() / "model.json";
  const fs::path away = disk_.models() / "away";
  fs::rename(model, away);
  std::ofstream(model) << "{";
  ASSERT_TRUE(Look());
  ASSERT_EQ(catalogue_->View()->broken.size(), 1U);
  fs::rename(away, model);
  ASSERT_TRUE(Look());
  for (const char* pinned : {"original", "a"}) {
    EXPECT_TRUE(Level(pinned).devices[0].pinned) << pinned;
    EXPECT_EQ(State(pinned), LevelState::kLoaded) << pinned;
  }
}

TEST_F(CatalogueRescan, KeepsThePinOfALevelThatIsGoneForAWhileUntilItIsUnloadedByName) {
  catalogue_->Load(Level("a"), 0);
  fs::remove_all(disk_.variant("a"));
  ASSERT_TRUE(Look());
  ASSERT_THAT(Names(), ElementsAre("tiny original"));
  disk_.AddDrawing(2, "a", {{"a", 0.5, true, 2}}, 7);
  ASSERT_TRUE(Look());
  EXPECT_TRUE(Level("a").devices[0].pinned);
  EXPECT_FALSE(Level("original").devices[0].pinned);
  catalogue_->Unload(Level("a"), 0);
  EXPECT_FALSE(Level("a").devices[0].pinned);
}

TEST_F(CatalogueRescan, PinsALevelWhoseFilesAreReplacedWhileItIsLoadedByName) {
  LoadAWhileItIsReplaced(0.25);
  EXPECT_TRUE(Level("a").devices[0].pinned);
  catalogue_->LoadWhatFits();
  EXPECT_TRUE(Level("a").devices[0].pinned);
  EXPECT_THAT(LabelsOf("a"), Each(2)) << "the new ones";
}

TEST_F(CatalogueRescan, KeepsThePinWhereTheNewFilesCannotBeLoadedByNameEither) {
  catalogue_->Load(Level("a"), 0);
  ReplaceA();
  disk_.SpoilWeights("a");
  ASSERT_TRUE(Look());
  EXPECT_THROW(catalogue_->Load(Level("a"), 0), Error);
  EXPECT_EQ(State("a"), LevelState::kFailed);
  EXPECT_TRUE(Level("a").devices[0].pinned);
}

TEST_F(CatalogueRescan, UnloadsOthersForReplacedWeightsOfALevelThatIsPinned) {
  catalogue_->Load(Level("a"), 0);
  const int64_t patch_bytes = PatchBytes(*Level("a").model);
  view_.reset();  // it would keep the old weights
  const MemoryReservation volume = host_.Reserve(host_.limit_bytes() - host_.weight_bytes() - patch_bytes + 1, "volume");  // a byte too much for the warm-up
  ReplaceA();
  EXPECT_TRUE(Look());
  EXPECT_EQ(State("a"), LevelState::kLoaded);
  EXPECT_EQ(State("original"), LevelState::kAvailable);
}

TEST_F(CatalogueRescan, ForgetsTheTimesOfALevelThatHasGoneOrCannotBeReadAnyMore) {
  disk_.Add("b", {{"b", 0.3, true, 1}}, 3);
  ASSERT_TRUE(Look());
  fs::remove_all(disk_.variant("a"));
  disk_.Write("b", "variant.json", "{");
  ASSERT_TRUE(Look());
  for (const char* gone : {"a", "b"}) EXPECT_FALSE(devices_.at(0).times().KnownPatchSeconds({"tiny", gone})) << gone << ": a slow one would be the slowest known of its task";
  EXPECT_EQ(devices_.at(0).times().KnownPatchSeconds({"tiny", "original"}), 0.25);
}

TEST_F(CatalogueRescan, ForgetsTheTimesOfABundleThatHasGoneOrIsOfAnotherTask) {
  Bundle lung = TinyBundle(TinyUnet(2, 3), {8, 8, 8}, 4);
  lung.model.task = "lung";
  SaveBundle(lung, disk_.models() / "lung");
  ASSERT_TRUE(Look());
  fs::remove_all(disk_.bundle());
  fs::remove_all(disk_.models() / "lung");
  lung.model.task = "heart";
  SaveBundle(lung, disk_.models() / "lung");
  Date(disk_.models() / "lung" / "model.json", 10);
  ASSERT_TRUE(Look());
  for (const char* task : {"tiny", "lung"}) EXPECT_FALSE(devices_.at(0).times().KnownPatchSeconds({task, "original"})) << task;
  EXPECT_EQ(devices_.at(0).times().KnownPatchSeconds({"heart", "original"}), 0.25);
}

TEST_F(CatalogueRescan, ForgetsWhatALastRequestTaughtOfALevelThatHadGoneWhenItComesBack) {
  fs::remove_all(disk_.variant("a"));
  ASSERT_TRUE(Look());
  devices_.at(0).times().Learn({"tiny", "a"}, {.patches = 1, .voxels = 1}, 100, 1);
  disk_.Add("a", {{"a", 0.5, true, 2}}, 7);
  ASSERT_TRUE(Look());
  EXPECT_EQ(devices_.at(0).times().KnownPatchSeconds({"tiny", "a"}), 0.25);
}

TEST_F(CatalogueRescan, ForgetsTheTimesOfABundleThatHasGoneWhereAnotherTakesItsPlace) {
  SaveBundle(TinyBundle(TinyUnet(2, 3), {8, 8, 8}, 5), disk_.models() / "later");
  ASSERT_TRUE(Look());
  devices_.at(0).times().Learn({"tiny", "original"}, {.patches = 1, .voxels = 1}, 100, 1);
  fs::remove_all(disk_.bundle());
  ASSERT_TRUE(Look());
  EXPECT_EQ(devices_.at(0).times().KnownPatchSeconds({"tiny", "original"}), 0.25);
}

TEST_F(CatalogueRescan, KeepsTheTimesOfTheBundleThatServesWhateverBecomesOfAnotherOfItsTask) {
  SaveBundle(TinyBundle(TinyUnet(2, 3), {8, 8, 8}, 5), disk_.models() / "later");
  ASSERT_TRUE(Look());
  devices_.at(0).times().Learn({"tiny", "original"}, {.patches = 1, .voxels = 1}, 3, 1);
  fs::remove_all(disk_.models() / "later");
  SaveBundle(TinyBundle(TinyUnet(2, 3), {8, 8, 8}, 6), disk_.models() / "later");
  Date(disk_.models() / "later" / "model.json", 10);
  ASSERT_TRUE(Look());
  EXPECT_EQ(devices_.at(0).times().KnownPatchSeconds({"tiny", "original"}), 3);
}

TEST_F(CatalogueRescan, LoadsAllLevelsAnewWhereTheModelIsAnother) {
  fs::remove_all(disk_.bundle());
  SaveBundle(TinyBundle(TinyUnet(2, 3), {8, 8, 8}, 5), disk_.bundle());
  EXPECT_TRUE(Look());
  EXPECT_THAT(Names(), ElementsAre("tiny original"));
  EXPECT_EQ(State("original"), LevelState::kLoaded);
  EXPECT_EQ(host_.weight_bytes(), Level("original").weight_bytes);
}

TEST_F(CatalogueRescan, LosesWhatHasGoneWhileRequestsEndWithIt) {
  const std::vector<uint16_t> labels = LabelsOf("a");
  {
    const LevelHold held = catalogue_->Hold({&Level("a")}, 0);
    fs::remove_all(disk_.variant("a"));
    EXPECT_TRUE(Look());
    EXPECT_THAT(Names(), ElementsAre("tiny original"));
    EXPECT_EQ(LabelsOf(held), labels);
  }
  EXPECT_EQ(host_.weight_bytes(), Level("original").weight_bytes);
  fs::remove_all(disk_.bundle());
  EXPECT_TRUE(Look());
  EXPECT_FALSE(catalogue_->View()->CanServe());
  ExpectError(ErrorCode::kNotFound, "task = tiny: no model is served yet", [this] { catalogue_->View()->Find("tiny"); });
  view_.reset();
  EXPECT_EQ(host_.weight_bytes(), 0);
}

TEST_F(CatalogueRescan, ReportsABrokenVariantAndServesItOnceItIsMended) {
  disk_.Add("b", {{"b", 0.3, true, 1}}, 3);
  disk_.SpoilWeights("b");
  EXPECT_TRUE(Look());
  EXPECT_EQ(State("b"), LevelState::kFailed);
  EXPECT_EQ(State("a"), LevelState::kLoaded);
  fs::remove_all(disk_.variant("b"));
  disk_.Add("b", {{"b", 0.3, true, 1}}, 3);
  EXPECT_TRUE(Look());
  EXPECT_EQ(State("b"), LevelState::kLoaded);
}

TEST_F(CatalogueRescan, ReportsABrokenBundleAndServesItOnceItIsMended) {
  fs::create_directory(disk_.models() / "lung");
  std::ofstream(disk_.models() / "lung" / "model.json") << "{";
  EXPECT_TRUE(Look());
  ASSERT_EQ(catalogue_->View()->broken.size(), 1U);
  EXPECT_EQ(State("a"), LevelState::kLoaded);
  fs::remove_all(disk_.models() / "lung");
  Bundle lung = TinyBundle(TinyUnet(2, 3), {8, 8, 8}, 4);
  lung.model.task = "lung";
  SaveBundle(lung, disk_.models() / "lung");
  EXPECT_TRUE(Look());
  EXPECT_EQ(catalogue_->View()->broken.size(), 0U);
  EXPECT_TRUE(catalogue_->View()->Find("lung").original().ready());
}

TEST_F(CatalogueRescan, GoesOnWithTheBundleThatServesATaskUntilItHasGone) {
  SaveBundle(TinyBundle(TinyUnet(2, 3), {8, 8, 8}, 5), disk_.models() / "another");  // before `bundle`, by name
  EXPECT_TRUE(Look());
  EXPECT_EQ(catalogue_->View()->Find("tiny").directory, "bundle");
  EXPECT_EQ(catalogue_->View()->broken.at(0).directory, "another");
  fs::remove_all(disk_.bundle());
  EXPECT_TRUE(Look());
  EXPECT_EQ(catalogue_->View()->Find("tiny").directory, "another");
  EXPECT_EQ(State("original"), LevelState::kLoaded);
}

TEST_F(CatalogueRescan, KeepsABundleFromServingThatComesToBeOfATaskWhichAnotherServes) {
  Bundle lung = TinyBundle(TinyUnet(2, 3), {8, 8, 8}, 4);
  lung.model.task = "lung";
  SaveBundle(lung, disk_.models() / "lung");
  ASSERT_TRUE(Look());
  fs::remove_all(disk_.models() / "lung");
  SaveBundle(TinyBundle(TinyUnet(2, 3), {8, 8, 8}, 5), disk_.models() / "lung");  // now of `tiny`, too
  Date(disk_.models() / "lung" / "model.json", 10);
  EXPECT_TRUE(Look());
  EXPECT_THAT(Names(), ElementsAre("tiny original", "tiny a"));
  ASSERT_EQ(view_->broken.size(), 1U);
  EXPECT_EQ(view_->broken[0].directory, "lung");
}

TEST_F(CatalogueRescan, RunsOnWhatItHasLoadedWhateverIsWrittenIntoItsFiles) {
  const std::vector<uint16_t> labels = LabelsOf("a");
  std::ofstream(disk_.variant("a") / "weights.safetensors", std::ios::trunc) << "not weights";  // in place: the same inode
  EXPECT_EQ(LabelsOf("a"), labels);
}

TEST_F(CatalogueRescan, HappensByItselfEverySoOften) {
  disk_.Add("b", {{"b", 0.3, true, 1}}, 3);
  const ModelRescan rescan(*catalogue_, heap_, 0.01);
  EXPECT_TRUE(WaitUntil([this] { return Names().size() == 3 && State("b") == LevelState::kLoaded; }));
}

TEST_F(CatalogueRescan, BeginsToLoadNoFurtherLevelOnceItIsToStop) {
  disk_.Add("b", {{"b", 0.3, true, 1}}, 3);
  disk_.Add("c", {{"c", 0.2, true, 1}}, 4);
  std::stop_source stop;
  warm_up_ = [&stop] {
    stop.request_stop();
    return 0.25;
  };
  catalogue_->Rescan();
  catalogue_->Rescan();
  catalogue_->LoadWhatFits(stop.get_token());
  EXPECT_EQ(static_cast<int>(State("b") == LevelState::kLoaded) + static_cast<int>(State("c") == LevelState::kLoaded), 1) << "the one that was being loaded";
  catalogue_->LoadWhatFits();
  EXPECT_EQ(State("b"), LevelState::kLoaded);
  EXPECT_EQ(State("c"), LevelState::kLoaded);
}

TEST_F(CatalogueRescan, TriesToLoadWhatIsNewAgainAtTheNextLookWhereThereWasNoMemoryForTheTry) {
  disk_.Add("b", {{"b", 0.3, true, 1}}, 3);
  lacks_memory_ = true;
  testing::internal::CaptureStdout();
  {
    const ModelRescan rescan(*catalogue_, heap_, 0.01);
    EXPECT_TRUE(WaitUntil([this] { return Names().size() == 3 && State("b") == LevelState::kLoaded; }));
  }
  EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr(R"("event":"models_not_followed")"));
}

TEST_F(CatalogueRescan, DoesNotHappenWhereItIsTurnedOff) {
  const ModelRescan rescan(*catalogue_, heap_, 0);
  disk_.Add("b", {{"b", 0.3, true, 1}}, 3);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(Names().size(), 2U);
}

}  // namespace
}  // namespace tuckerseg
