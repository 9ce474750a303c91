#include "server/variants/model_store.h"

#include <gtest/gtest.h>

#include <fstream>

#include "engine/execute/plain/plain_executor.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

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
  return {std::move(bundles), PlainExecutorFactory()};
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
  const ModelStore store(directory_, PlainExecutorFactory());
  EXPECT_EQ(store.models().size(), 2U);
  EXPECT_EQ(store.Find("lung").model().name, "lung-model");
  EXPECT_EQ(store.Find("total").model().name, "total-model");
}

TEST_F(ModelStoreTest, RefusesADirectoryWithoutBundles) {
  ExpectError(ErrorCode::kNotFound, "holds no bundle; must be a directory of directories with model.json",
              [&] { ModelStore(directory_, PlainExecutorFactory()); });
}

TEST_F(ModelStoreTest, NamesTheBundleThatCannotBeRead) {
  SaveBundle(BundleOf("total"), directory_ / "good");
  fs::create_directories(directory_ / "spoilt");
  std::ofstream(directory_ / "spoilt" / "model.json") << "{";
  ExpectError(ErrorCode::kInvalidArgument,
              "bundle spoilt: ", [&] { ModelStore(directory_, PlainExecutorFactory()); });
}

TEST_F(ModelStoreTest, NamesTheBundleWhoseWeightsAreCut) {
  SaveBundle(BundleOf("total"), directory_ / "cut");
  const fs::path weights = directory_ / "cut" / "weights.safetensors";
  fs::resize_file(weights, fs::file_size(weights) - 1);
  ExpectError(ErrorCode::kDataLoss, "bundle cut: ", [&] { ModelStore(directory_, PlainExecutorFactory()); });
}

TEST_F(ModelStoreTest, NamesTheBundleThatCannotBeRun) {
  Bundle bundle = BundleOf("total");
  bundle.model.parts.front().patch_size = {8, 7, 8};
  SaveBundle(bundle, directory_ / "odd");
  ExpectError(ErrorCode::kFailedPrecondition, "bundle odd: part network: patch_size[1] = 7",
              [&] { ModelStore(directory_, PlainExecutorFactory()); });
}

TEST_F(ModelStoreTest, RefusesTwoBundlesOfOneTask) {
  SaveBundle(BundleOf("total"), directory_ / "a");
  SaveBundle(BundleOf("total"), directory_ / "b");
  ExpectError(ErrorCode::kInvalidArgument, "bundle b: task total: is served by another bundle already",
              [&] { ModelStore(directory_, PlainExecutorFactory()); });
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
  int64_t count = 0;
  for (const TensorSpec& spec : RequiredTensors(bundle.model.parts.front().graph)) {
    int64_t elements = 1;
    for (const int64_t size : spec.shape) elements *= size;
    count += elements;
  }
  const LoadedModel model(bundle, PlainExecutorFactory());
  EXPECT_EQ(model.parameters, count);
  EXPECT_EQ(model.weight_bytes, 4 * count);
  EXPECT_EQ(model.Variants(), std::vector<std::string>{"original"});
}

}  // namespace
}  // namespace tuckerseg
