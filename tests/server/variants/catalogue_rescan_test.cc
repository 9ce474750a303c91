/// What becomes of a catalogue whose directory changes while it serves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <functional>
#include <future>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "engine/execute/plain/plain_executor.h"
#include "engine/segment/memory_plan.h"
#include "server/policy/asked_level.h"
#include "server/variants/catalogue.h"
#include "server/variants/model_rescan.h"
#include "tests/engine/model/few_descriptors.h"
#include "tests/engine/segment/random_volume.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/server/variants/tiny_variants.h"
#include "tests/server/wait_until.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

MATCHER_P2(ContainsTimes, word, times, "") {
  int found = 0;
  for (size_t at = arg.find(word); at != std::string::npos; at = arg.find(word, at + 1)) ++found;
  return found == times;
}

class CatalogueRescan : public testing::Test {
 protected:
  CatalogueRescan() {
    disk_.AddDrawing(1, "a", {{"a", 0.5, true, 2}}, 2);
    devices_.Add({}, {PlainExecutorFactory()}, int64_t{1} << 30);
    CatalogueOptions options{.directory = disk_.models(), .warm_up = [this](Segmenter&) { return warm_up_(); }};
    options.warm_up_bytes = [this](const Model& model) {
      if (lacks_memory_.exchange(false)) throw std::bad_alloc();
      return PatchBytes(model);
    };
    options.describe = [this](const fs::path& directory, bool allow_non_commercial) {
      if (const std::function<void()> before = std::exchange(before_description_, {})) before();
      std::optional<FewDescriptors> none;
      if (lacks_descriptors_) none.emplace(0);
      DescribedBundle bundle = DescribeBundle(directory, allow_non_commercial);
      if (lacks_variants_) {
        bundle.levels.resize(1);
        bundle.unread = "no descriptor";
      }
      return bundle;
    };
    options_ = options;
    catalogue_.emplace(std::move(options), devices_, host_, metrics_);
    catalogue_->LoadWhatFits();
  }
  /// As a server that starts.
  void StartAnew() {
    view_.reset();
    catalogue_.reset();
    catalogue_.emplace(options_, devices_, host_, metrics_);
  }

  /// Two looks, as a change must be still for one, and what they lead to. False: nothing has changed.
  bool Look() {
    const bool first = catalogue_->Rescan();
    const bool changed = catalogue_->Rescan() || first;
    catalogue_->LoadWhatFits();
    return changed;
  }
  /// Clocks of file systems are coarse: files that were written just now may bear the time of those before.
  static void Date(const fs::path& file, int seconds) { fs::last_write_time(file, fs::file_time_type::clock::now() + std::chrono::seconds(seconds)); }
  /// Other weights for the level `a`, which draw other labels, in a directory of their own.
  void ReplaceA() {
    fs::remove_all(disk_.variant("a"));
    disk_.AddDrawing(2, "a", {{"a", 0.5, true, 2}}, 7);
    Date(disk_.variant("a") / "weights.safetensors", 10);
  }

  const ServedLevel& Level(const std::string& name) {
    view_ = catalogue_->View();
    return FindMeantLevel(name, view_->Find("tiny").levels);
  }
  LevelState State(const std::string& name) { return Level(name).devices.at(0).state; }
  std::vector<std::string> Names() {
    view_ = catalogue_->View();
    std::vector<std::string> names;
    for (const auto& [task, model] : view_->models)
      for (const ServedLevel& level : model.levels) names.push_back(task + " " + level.name);
    return names;
  }
  /// What the level draws now.
  std::vector<uint16_t> LabelsOf(const LevelHold& hold) {
    catalogue_->Finish(hold);
    return hold.own().Segment(RandomVolume({9, 9, 9}, 1), {}).label_map.labels;
  }
  std::vector<uint16_t> LabelsOf(const std::string& name) { return LabelsOf(catalogue_->Hold({&Level(name)}, 0)); }

  /// `a` is loaded by name, and while it is warmed up, as that comes to `patch_s`, its files are replaced and two looks have seen that.
  void LoadAWhileItIsReplaced(double patch_s) {
    catalogue_->Unload(Level("a"), 0);
    const ServedLevel old = Level("a");
    std::promise<void> go_on;
    std::atomic<bool> is_warmed_up = false;
    warm_up_ = [&, may_go_on = go_on.get_future().share()] {
      is_warmed_up = true;
      may_go_on.wait();
      return patch_s;
    };
    std::jthread loading([&] { catalogue_->Load(old, 0); });
    EXPECT_TRUE(WaitUntil([&] { return is_warmed_up.load(); }));
    ReplaceA();
    EXPECT_FALSE(catalogue_->Rescan());
    EXPECT_TRUE(catalogue_->Rescan());
    go_on.set_value();
    loading.join();
    warm_up_ = [] { return 0.25; };
  }

  const ModelOnDisk disk_{TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1)};
  std::function<double()> warm_up_ = [] { return 0.25; };
  std::function<void()> before_description_;  // of a bundle that a look has found changed, once
  Metrics metrics_{"test", {"cpu"}};
  std::atomic<bool> lacks_memory_ = false;  // the server itself, once
  MemoryBudget host_{int64_t{1} << 30};
  IdleHeap heap_;
  Devices devices_;
  bool lacks_descriptors_ = false;      // while bundles are described
  bool lacks_variants_ = false;         // a description, as their directory could not be listed
  CatalogueOptions options_;
  std::optional<Catalogue> catalogue_;
  std::shared_ptr<const CatalogueView> view_;  // last: it must not outlive the devices
};

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

TEST_F(CatalogueRescan, KeepsWhatItServesWhileFilesCannotBeReadForAReasonThatPasses) {
  disk_.Add("b", {{"b", 0.3, true, 1}}, 3);
  lacks_descriptors_ = true;
  EXPECT_FALSE(Look());
  EXPECT_THAT(Names(), ElementsAre("tiny original", "tiny a"));
  EXPECT_EQ(State("a"), LevelState::kLoaded);
  EXPECT_THAT(catalogue_->View()->broken, testing::IsEmpty());
  lacks_descriptors_ = false;
  EXPECT_TRUE(catalogue_->Rescan()) << "though nothing has changed since the last look";
  EXPECT_THAT(Names(), ElementsAre("tiny original", "tiny a", "tiny b"));
  EXPECT_EQ(State("a"), LevelState::kLoaded) << "and is not loaded again for it";
  EXPECT_FALSE(Look());
}

TEST_F(CatalogueRescan, KeepsVariantsThatCannotBeListedForAReasonThatPassesAndSaysSoOnce) {
  disk_.Write("broken", "variant.json", "{");
  lacks_variants_ = true;
  testing::internal::CaptureStdout();
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(Look());
  EXPECT_THAT(testing::internal::GetCapturedStdout(), AllOf(HasSubstr(R"("directory":"bundle","event":"bundle_unreadable","reason":"no descriptor")"), ContainsTimes("event", 1)));
  EXPECT_EQ(State("a"), LevelState::kLoaded);
  lacks_variants_ = false;
  testing::internal::CaptureStdout();
  EXPECT_TRUE(Look());
  EXPECT_THAT(testing::internal::GetCapturedStdout(), AllOf(HasSubstr("bundle_readable_again"), HasSubstr("variant_failed")));
  EXPECT_THAT(Names(), ElementsAre("tiny original", "tiny a", "tiny broken"));
}

TEST_F(CatalogueRescan, SaysThatAllCanBeReadWhereAChangeThatCouldNotBeIsTakenBack) {
  disk_.Add("b", {{"b", 0.3, true, 1}}, 3);
  lacks_variants_ = true;
  EXPECT_FALSE(Look());
  fs::remove_all(disk_.variant("b"));
  testing::internal::CaptureStdout();
  EXPECT_FALSE(Look());
  EXPECT_FALSE(Look());
  EXPECT_THAT(testing::internal::GetCapturedStdout(), AllOf(HasSubstr("bundle_readable_again"), ContainsTimes("event", 1)));
}

TEST_F(CatalogueRescan, ServesWhatCanBeReadOfABundleThatCouldNotBeAtAll) {
  lacks_descriptors_ = true;
  StartAnew();
  lacks_descriptors_ = false;
  lacks_variants_ = true;
  EXPECT_TRUE(catalogue_->Rescan());
  EXPECT_THAT(Names(), ElementsAre("tiny original"));
  lacks_variants_ = false;
  EXPECT_TRUE(catalogue_->Rescan());
  EXPECT_THAT(Names(), ElementsAre("tiny original", "tiny a"));
}

TEST_F(CatalogueRescan, ServesABundleThatCouldNotBeReadAtTheStartOnceItCan) {
  lacks_descriptors_ = true;
  StartAnew();
  EXPECT_EQ(catalogue_->View()->broken.size(), 1U);
  EXPECT_FALSE(Look()) << "nothing is new";
  lacks_descriptors_ = false;
  EXPECT_TRUE(catalogue_->Rescan());
  catalogue_->LoadWhatFits();
  EXPECT_THAT(Names(), ElementsAre("tiny original", "tiny a"));
  EXPECT_EQ(State("a"), LevelState::kLoaded);
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

TEST_F(CatalogueRescan, GoesOnWithABundleThatCannotBeListedForAWhile) {
  const fs::path variants = disk_.bundle() / "variants";
  fs::rename(variants, disk_.models() / "away");
  std::ofstream(variants) << "a file";
  EXPECT_FALSE(Look());
  EXPECT_EQ(State("a"), LevelState::kLoaded);
  fs::remove(variants);
  fs::rename(disk_.models() / "away", variants);
  EXPECT_FALSE(Look()) << "it is there again, as it was";
  EXPECT_THAT(Names(), ElementsAre("tiny original", "tiny a"));
}

TEST_F(CatalogueRescan, RunsOnWhatItHasLoadedWhateverIsWrittenIntoItsFiles) {
  const std::vector<uint16_t> labels = LabelsOf("a");
  std::ofstream(disk_.variant("a") / "weights.safetensors", std::ios::trunc) << "not weights";  // in place: the same inode
  EXPECT_EQ(LabelsOf("a"), labels);
}

TEST_F(CatalogueRescan, KeepsAllWhereTheDirectoryCannotBeRead) {
  fs::rename(disk_.models(), disk_.models().string() + "-away");
  testing::internal::CaptureStdout();
  EXPECT_FALSE(Look());
  const std::string log = testing::internal::GetCapturedStdout();
  fs::rename(disk_.models().string() + "-away", disk_.models());
  EXPECT_THAT(log, HasSubstr(R"("event":"models_unreadable")"));
  EXPECT_EQ(State("a"), LevelState::kLoaded);
  EXPECT_FALSE(Look()) << "it is there again, as it was";
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
