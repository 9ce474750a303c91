#include "server/observe/variant_gauges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

using testing::HasSubstr;
using testing::Not;

LevelStatus On(const std::string& device, LevelState state) {
  return {.model = "total", .task = "total", .level = "third", .device = device, .state = state, .error = "", .quality = 0.9, .patch_s = {}, .weight_bytes = 8, .parameters = 2, .multiply_adds = 3};
}

class VariantGaugesTest : public testing::Test {
 protected:
  std::string PageOf(const std::vector<LevelStatus>& levels) {
    gauges_.Show(levels);
    return metrics_.Text();
  }

  Metrics metrics_{"test", {"cpu"}};
  VariantGauges gauges_{metrics_};
};

TEST_F(VariantGaugesTest, TellOfEachDeviceWhereALevelStands) {
  const std::string page = PageOf({On("a", LevelState::kLoaded), On("b", LevelState::kAvailable), On("c", LevelState::kFailed), On("d", LevelState::kLoading)});
  for (const char* line : {R"(loaded{device="a",model="total",variant="third"} 1)", R"(failed{device="a",model="total",variant="third"} 0)",
                           R"(loaded{device="b",model="total",variant="third"} 0)", R"(failed{device="b",model="total",variant="third"} 0)",
                           R"(loaded{device="c",model="total",variant="third"} 0)", R"(failed{device="c",model="total",variant="third"} 1)",
                           R"(loaded{device="d",model="total",variant="third"} 0)"})
    EXPECT_THAT(page, HasSubstr(std::string("tuckerseg_variant_") + line));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_variant_parameters{model="total",variant="third"} 2)"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_variant_quality_dice{model="total",variant="third"} 0.9)"));
}

TEST_F(VariantGaugesTest, TellTheWorstStateOfLevelsOfTwoTasksWhoseModelsHaveOneName) {
  const auto of_task = [](const std::string& task, LevelState state) {
    LevelStatus level = On("a", state);
    level.task = task;
    return level;
  };
  const auto page_of = [&](LevelState first, LevelState second) { return PageOf({of_task("lungs", first), of_task("total", second)}); };
  for (const std::string& page : {page_of(LevelState::kFailed, LevelState::kLoaded), page_of(LevelState::kLoaded, LevelState::kFailed)}) {
    EXPECT_THAT(page, HasSubstr(R"(tuckerseg_variant_failed{device="a",model="total",variant="third"} 1)"));
    EXPECT_THAT(page, HasSubstr(R"(tuckerseg_variant_loaded{device="a",model="total",variant="third"} 0)"));
  }
  for (const std::string& page : {page_of(LevelState::kAvailable, LevelState::kLoaded), page_of(LevelState::kLoaded, LevelState::kLoading)}) {
    EXPECT_THAT(page, HasSubstr(R"(tuckerseg_variant_failed{device="a",model="total",variant="third"} 0)"));
    EXPECT_THAT(page, HasSubstr(R"(tuckerseg_variant_loaded{device="a",model="total",variant="third"} 0)"));
  }
  EXPECT_THAT(page_of(LevelState::kLoaded, LevelState::kLoaded), HasSubstr(R"(tuckerseg_variant_loaded{device="a",model="total",variant="third"} 1)"));
}

TEST_F(VariantGaugesTest, TellTheCostOfTheFirstOfLevelsThatShareTheirLabels) {
  LevelStatus other = On("a", LevelState::kLoaded);
  other.task = "total_fast";
  other.parameters = 5;
  EXPECT_THAT(PageOf({On("a", LevelState::kLoaded), other}), HasSubstr(R"(tuckerseg_variant_parameters{model="total",variant="third"} 2)"));
}

TEST_F(VariantGaugesTest, TellNoCostOfWhatCouldNotBeRead) {
  const std::string page = PageOf({{.model = "broken", .task = "", .level = "original", .device = "", .state = LevelState::kFailed, .error = "not JSON"}});
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_variant_failed{device="",model="broken",variant="original"} 1)"));
  EXPECT_THAT(page, Not(HasSubstr("tuckerseg_variant_parameters{")));
}

TEST_F(VariantGaugesTest, ForgetTheCostOfWhatCannotBeReadAnyMore) {
  PageOf({On("a", LevelState::kLoaded)});
  LevelStatus broken = On("", LevelState::kFailed);
  broken.parameters = 0;
  const std::string page = PageOf({broken});
  for (const char* name : {"parameters", "flops", "quality_dice"}) EXPECT_THAT(page, Not(HasSubstr(std::string("tuckerseg_variant_") + name + "{")));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_variant_failed{device="",model="total",variant="third"} 1)"));
}

TEST_F(VariantGaugesTest, ForgetWhatIsNoLongerThere) {
  PageOf({On("a", LevelState::kLoaded), On("b", LevelState::kLoaded)});
  const std::string without_b = PageOf({On("a", LevelState::kLoaded)});
  EXPECT_THAT(without_b, Not(HasSubstr(R"(device="b")")));
  EXPECT_THAT(without_b, HasSubstr("tuckerseg_variant_parameters{")) << "the level is there, on a";
  EXPECT_THAT(PageOf({}), Not(HasSubstr("third")));
}

}  // namespace
}  // namespace tuckerseg
