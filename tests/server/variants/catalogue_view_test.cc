#include "server/variants/catalogue_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

CatalogueView ViewOf(const std::vector<std::string>& tasks) {
  CatalogueView view;
  for (const std::string& task : tasks) {
    ServedLevel original;
    original.name = "original";
    Model model;
    model.task = task;
    original.model = std::make_shared<const Model>(model);
    view.models[task] = {.directory = task + "-bundle", .levels = {original}};
  }
  return view;
}

TEST(CatalogueView, TakesTheOnlyTaskWhereNoneIsNamed) { EXPECT_EQ(ViewOf({"lung"}).Find("").model().task, "lung"); }

TEST(CatalogueView, TakesTotalAmongSeveralWhereNoneIsNamed) { EXPECT_EQ(ViewOf({"lung", "total"}).Find("").model().task, "total"); }

TEST(CatalogueView, ListsTheTasksWhereTheOneAskedForIsMissing) {
  ExpectError(ErrorCode::kNotFound, "task = heart: must be one of lung, total", [] { ViewOf({"total", "lung"}).Find("heart"); });
  ExpectError(ErrorCode::kNotFound, "must be one of heart, lung", [] { ViewOf({"heart", "lung"}).Find(""); });
  ExpectError(ErrorCode::kNotFound, "task = lung: no model is served yet", [] { ViewOf({}).Find("lung"); });
}

TEST(CatalogueView, FindsOriginalsByTheirFullTask) {
  const CatalogueView view = ViewOf({"lung"});
  EXPECT_EQ(view.FindOriginal("lung")->name, "original");
  EXPECT_EQ(view.FindModel("lung"), view.models.at("lung").original().model.get());
  EXPECT_EQ(view.FindOriginal(""), nullptr);
  EXPECT_EQ(view.FindModel("heart"), nullptr);
}

TEST(CatalogueView, CanServeWhereAnyLevelOfAnyModelCanRun) {
  EXPECT_FALSE(ViewOf({}).CanServe());
  CatalogueView view = ViewOf({"heart", "lung"});
  EXPECT_TRUE(view.CanServe());
  view.models.at("heart").levels.front().error = "cut";
  EXPECT_TRUE(view.CanServe());
  view.models.at("lung").levels.front().error = "cut";
  EXPECT_FALSE(view.CanServe());
}

LevelOnDevice On(const char* device, LevelState state) { return {.device = device, .state = state}; }

TEST(CatalogueView, CanServeWithoutDevicesThatAreStuckWhereOthersHaveALevel) {
  CatalogueView view = ViewOf({"lung"});
  view.models.at("lung").levels.front().devices = {On("a", LevelState::kLoaded), On("b", LevelState::kAvailable), On("c", LevelState::kFailed)};
  EXPECT_TRUE(view.CanServe({0}));
  EXPECT_TRUE(view.CanServe({1}));
  EXPECT_FALSE(view.CanServe({0, 1})) << "on the third it cannot be loaded";
  EXPECT_TRUE(view.CanServe({}));
  EXPECT_FALSE(view.models.at("lung").original().CanRun({0, 1}));
}

TEST(BrokenModels, AreBundlesThatCannotBeServedAndOriginalsThatCannotBeLoaded) {
  CatalogueView view = ViewOf({"heart", "lung"});
  EXPECT_THAT(BrokenModels(view), testing::IsEmpty());
  view.broken.push_back({"spoilt", "model: not JSON"});
  view.models.at("lung").levels.front().error = "tensor x: missing";
  EXPECT_THAT(BrokenModels(view), testing::ElementsAre("bundle spoilt: model: not JSON", "bundle lung-bundle: tensor x: missing"));
  EXPECT_THAT(BrokenModels({}), testing::ElementsAre("models: holds no bundle; must be a directory of directories with model.json"));
}

TEST(StateOf, IsTheBestOnAnyDevice) {
  ServedLevel level;
  EXPECT_EQ(StateOf(level), LevelState::kFailed) << "not even read";
  level.devices = {On("a", LevelState::kFailed), On("b", LevelState::kFailed)};
  EXPECT_EQ(StateOf(level), LevelState::kFailed);
  level.devices.push_back(On("c", LevelState::kAvailable));
  EXPECT_EQ(StateOf(level), LevelState::kAvailable);
  level.devices.push_back(On("d", LevelState::kLoading));
  EXPECT_EQ(StateOf(level), LevelState::kLoading);
  level.devices.push_back(On("e", LevelState::kLoaded));
  EXPECT_EQ(StateOf(level), LevelState::kLoaded);
}

}  // namespace
}  // namespace tuckerseg
