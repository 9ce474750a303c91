#include "server/variants/model_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "engine/execute/plain/plain_executor.h"
#include "engine/model/card_file.h"
#include "engine/model/cost.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/server/variants/tiny_variants.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;

Bundle BundleOf(const std::string& task) {
  Bundle bundle = TinyBundle(TinyUnet(2, 3), {8, 8, 8}, 1);
  bundle.model.name = task + "-model";
  bundle.model.task = task;
  return bundle;
}

ModelStore StoreOf(const std::vector<std::string>& tasks) {
  std::vector<Bundle> bundles;
  for (const std::string& task : tasks) bundles.push_back(BundleOf(task));
  return {bundles, {PlainExecutorFactory()}};
}

/// An empty directory, deleted at the end.
class ModelStoreTest : public testing::Test {
 protected:
  ModelStoreTest() : directory_(fs::path(testing::TempDir()) / ("model_store_" + std::string(Name()))) {
    fs::remove_all(directory_);
    fs::create_directories(directory_);
  }
  ~ModelStoreTest() override { fs::remove_all(directory_); }

  const fs::path directory_;

 private:
  static const char* Name() { return testing::UnitTest::GetInstance()->current_test_info()->name(); }
};

TEST_F(ModelStoreTest, LoadsEveryBundleOfADirectory) {
  SaveBundle(BundleOf("total"), directory_ / "first");
  SaveBundle(BundleOf("lung"), directory_ / "second");
  fs::create_directories(directory_ / "no bundle");
  const ModelStore store(directory_, {PlainExecutorFactory()});
  EXPECT_EQ(store.models().size(), 2U);
  EXPECT_EQ(store.Find("lung").model().name, "lung-model");
  EXPECT_EQ(store.Find("total").model().name, "total-model");
}

TEST_F(ModelStoreTest, RefusesADirectoryWithoutBundles) {
  ExpectError(ErrorCode::kNotFound, "holds no bundle; must be a directory of directories with model.json",
              [&] { ModelStore(directory_, {PlainExecutorFactory()}); });
}

TEST_F(ModelStoreTest, NamesTheBundleThatCannotBeRead) {
  SaveBundle(BundleOf("total"), directory_ / "good");
  fs::create_directories(directory_ / "spoilt");
  std::ofstream(directory_ / "spoilt" / "model.json") << "{";
  ExpectError(ErrorCode::kInvalidArgument,
              "bundle spoilt: ", [&] { ModelStore(directory_, {PlainExecutorFactory()}); });
}

TEST_F(ModelStoreTest, NamesTheBundleWhoseWeightsAreCut) {
  SaveBundle(BundleOf("total"), directory_ / "cut");
  const fs::path weights = directory_ / "cut" / "weights.safetensors";
  fs::resize_file(weights, fs::file_size(weights) - 1);
  ExpectError(ErrorCode::kDataLoss, "bundle cut: ", [&] { ModelStore(directory_, {PlainExecutorFactory()}); });
}

TEST_F(ModelStoreTest, NamesTheBundleThatCannotBeRun) {
  Bundle bundle = BundleOf("total");
  bundle.model.parts.front().patch_size = {8, 7, 8};
  SaveBundle(bundle, directory_ / "odd");
  ExpectError(ErrorCode::kFailedPrecondition, "bundle odd: part network: patch_size[1] = 7",
              [&] { ModelStore(directory_, {PlainExecutorFactory()}); });
}

TEST_F(ModelStoreTest, RefusesTwoBundlesOfOneTask) {
  SaveBundle(BundleOf("total"), directory_ / "a");
  SaveBundle(BundleOf("total"), directory_ / "b");
  ExpectError(ErrorCode::kInvalidArgument, "bundle b: task total: is served by another bundle already",
              [&] { ModelStore(directory_, {PlainExecutorFactory()}); });
}

TEST(ModelStoreFind, TakesTheOnlyTaskWhereNoneIsNamed) {
  EXPECT_EQ(StoreOf({"lung"}).Find("").model().task, "lung");
}

TEST(ModelStoreFind, TakesTotalAmongSeveralWhereNoneIsNamed) {
  EXPECT_EQ(StoreOf({"lung", "total"}).Find("").model().task, "total");
}

TEST(ModelStoreFind, ListsTheTasksWhereTheOneAskedForIsMissing) {
  ExpectError(ErrorCode::kNotFound, "task = heart: must be one of lung, total", [] {
    StoreOf({"total", "lung"}).Find("heart");
  });
  ExpectError(ErrorCode::kNotFound, "must be one of heart, lung", [] {
    StoreOf({"heart", "lung"}).Find("");
  });
}

TEST(LoadedModel, CountsItsParametersAndBytes) {
  const Bundle bundle = BundleOf("total");
  const LoadedModel model(bundle, {PlainExecutorFactory()});
  ASSERT_EQ(model.levels.size(), 1U);
  EXPECT_EQ(model.original().name, "original");
  EXPECT_EQ(model.original().parameters, ParameterCount(bundle.model));
  EXPECT_EQ(model.original().multiply_adds, TotalMultiplyAdds(bundle.model));
  EXPECT_EQ(model.original().weight_bytes, 4 * ParameterCount(bundle.model));
}

TEST(LoadedModel, HasAnOriginalThatAgreesWithItself) {
  const LoadedModel model(BundleOf("total"), {PlainExecutorFactory()});
  EXPECT_EQ(model.original().card->Quality(), 1);
  EXPECT_EQ(model.original().card->dice_to_original->mean, 1);
  EXPECT_EQ(QualityStatement(model.original()),
            "the original network: the reference that compressed variants are measured against");
}

TEST(ModelStoreVariants, StandBehindTheOriginal) {
  const ModelOnDisk disk(BundleOf("total"));
  disk.Add("tucker", {{"tucker", 0.3, true, 2}}, 2);
  const ModelStore store(disk.models(), {PlainExecutorFactory()});
  const LoadedModel& model = store.Find("total");
  ASSERT_EQ(model.levels.size(), 2U);
  EXPECT_EQ(model.levels[1].name, "tucker");
  EXPECT_EQ(store.FindSegmenter("total", 0), model.original().segmenters.front().get()) << "other tasks' crops need the best there is";
}

TEST(ModelStoreVariants, DoNotKeepAServerFromStartingWhereTheyAreBroken) {
  const ModelOnDisk disk(BundleOf("total"));
  disk.Add("tucker", {{"tucker", 0.3, true, 2}}, 2);
  disk.SpoilWeights("tucker");
  const ModelStore store(disk.models(), {PlainExecutorFactory()});
  EXPECT_FALSE(store.Find("total").levels[1].ready());
}

TEST(ModelStoreVariants, DoNotHideABrokenOriginal) {
  const ModelOnDisk disk(BundleOf("total"));
  disk.Add("tucker", {{"tucker", 0.3, true, 2}}, 2);
  std::filesystem::resize_file(disk.bundle() / "weights.safetensors", 1000);
  ExpectError(ErrorCode::kDataLoss, "bundle bundle: ", [&] { ModelStore(disk.models(), {PlainExecutorFactory()}); });
}

TEST(ModelStoreVariants, LeaveTheOriginalItsCard) {
  const ModelOnDisk disk(BundleOf("total"));
  Card card{.model = "total-model", .task = "total", .weights_sha256 = disk.model().provenance.weights_sha256};
  card.data = {"", true, 20};
  card.dice_to_reference = CardDice{.cases = 20, .mean = 0.9};
  WriteCards(disk.bundle(), std::vector{card});
  const ModelStore store(disk.models(), {PlainExecutorFactory()});
  EXPECT_EQ(store.Find("total").original().card->dice_to_reference->mean, 0.9);
  EXPECT_THAT(QualityStatement(store.Find("total").original()),
              testing::EndsWith("measured against; mean Dice 0.900 against reference labels, on 20 phantoms, no patient"));
}

}  // namespace
}  // namespace tuckerseg
