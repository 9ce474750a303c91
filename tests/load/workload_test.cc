#include "tests/load/workload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/engine/model/json_schema.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg::load {
namespace {

namespace fs = std::filesystem;
using testing::IsEmpty;
using testing::SizeIs;

fs::path Room() { return fs::path(TUCKERSEG_SOURCE_DIR) / "tests" / "load"; }

/// The least that a workload holds, with one key more.
std::string WorkloadWith(const std::string& more) {
  return R"({"format_version": 1, "duration_s": 30, "load": {"factor": 1.5}, "volumes": [{"name": "thorax"}])" + (more.empty() ? "" : ", " + more) + "}";
}

TEST(Workload, HasDefaultsForWhatIsNotSaid) {
  const Workload workload = ParseWorkload(WorkloadWith(""));
  EXPECT_EQ(workload.duration_s, 30);
  EXPECT_DOUBLE_EQ(workload.rate.PerSecond(2), 3) << "of a capacity of two a second";
  ASSERT_THAT(workload.volumes, SizeIs(1));
  EXPECT_EQ(workload.volumes.front().phantom.spacing_mm, (Spacing3{3, 3, 3}));
  EXPECT_TRUE(workload.automatic());
  ASSERT_THAT(workload.deadlines, SizeIs(1));
  EXPECT_EQ(workload.deadlines.front().unit, DeadlineWish::Unit::kNone);
  EXPECT_EQ(workload.slow_share + workload.vanishing_share, 0);
  EXPECT_EQ(workload.promises.kept_share, 0.95);
}

TEST(Workload, HoldsWhatTheFileSays) {
  const Workload workload = ParseWorkload(R"({
    "format_version": 1, "seed": 7, "duration_s": 60, "load": {"rate_per_s": 4}, "task": "demo",
    "volumes": [{"name": "a", "share": 3, "seed": 31, "spacing_mm": 2, "shape": [96, 64, 64]}, {"name": "b", "spacing_mm": [1, 1, 3]}],
    "levels": [{"level": "auto", "share": 2, "min_quality": 0.9, "max_latency_s": 20}, {"level": "quick"}],
    "deadlines": [{"share": 1, "seconds": [5, 10]}, {"share": 2, "times_unloaded": [1.5, 3]}, {}],
    "priorities": [{"priority": -3, "share": 1}], "slow": {"share": 0.1, "pause_s": [0.1, 0.2]}, "vanishing": {"share": 0.2, "after_s": [0, 1]},
    "threads": 8, "promises": {"kept_share": 0.9, "gain": 2, "resident_growth": 0.05, "warm_up_s": 10}})");
  EXPECT_EQ(workload.seed, 7U);
  EXPECT_DOUBLE_EQ(workload.rate.PerSecond(2), 4) << "whatever the capacity";
  EXPECT_EQ(workload.task, "demo");
  EXPECT_EQ(workload.volumes[0].phantom.shape, (Index3{96, 64, 64}));
  EXPECT_EQ(workload.volumes[1].phantom.spacing_mm, (Spacing3{1, 1, 3}));
  EXPECT_EQ(workload.levels[0].max_latency_s, 20);
  EXPECT_FALSE(workload.automatic());
  EXPECT_EQ(workload.deadlines[0].unit, DeadlineWish::Unit::kSeconds);
  EXPECT_EQ(workload.deadlines[1].range, (Range{1.5, 3}));
  EXPECT_EQ(workload.deadlines[2].unit, DeadlineWish::Unit::kNone);
  EXPECT_EQ(workload.priorities[0].priority, -3);
  EXPECT_EQ(workload.slow_pause_s, (Range{0.1, 0.2}));
  EXPECT_EQ(workload.vanishing_share, 0.2);
  EXPECT_EQ(workload.threads, 8);
  EXPECT_EQ(workload.promises.warm_up_s, 10);
}

TEST(Workload, AtOneLevelKeepsThePromisesOfAutoAlone) {
  const Workload workload = ParseWorkload(WorkloadWith(R"("levels": [{"level": "auto", "min_quality": 0.9}, {"level": "quick"}])"));
  const Workload automatic = workload.AtLevel("auto");
  ASSERT_THAT(automatic.levels, SizeIs(1));
  EXPECT_EQ(automatic.levels.front().min_quality, 0.9);
  const Workload original = workload.AtLevel("original");
  ASSERT_THAT(original.levels, SizeIs(1));
  EXPECT_EQ(original.levels.front().level, "original");
  EXPECT_EQ(original.levels.front().min_quality, 0);
  EXPECT_TRUE(original.AtLevel("auto").automatic()) << "also where the workload has none";
}

TEST(Workload, RefusesWhatIsWrongAndNamesIt) {
  const auto expect = [](const std::string& text, const std::string& message) {
    ExpectError(ErrorCode::kInvalidArgument, message, [&] { ParseWorkload(text); });
  };
  expect("{}", "workload.format_version: missing");
  expect(R"({"format_version": 2})", "workload.format_version = 2: must be a whole number in [1, 1]");
  expect(WorkloadWith(R"("sed": 3)"), "workload.sed: unknown key; did you mean seed?");
  expect(WorkloadWith(R"("levels": [])"), "workload.levels = []: must have at least one entry");
  expect(WorkloadWith(R"("levels": [{"level": "quick", "min_quality": 0.9}])"), "workload.levels[0].level = \"quick\": must be auto where min_quality or max_latency_s is given");
  expect(WorkloadWith(R"("deadlines": [{"seconds": [3, 2]}])"), "workload.deadlines[0].seconds = [3,2]: must be two numbers, the lower one first");
  expect(WorkloadWith(R"("deadlines": [{"seconds": [1, 2], "times_unloaded": [1, 2]}])"), "must have one of seconds and times_unloaded");
  expect(WorkloadWith(R"("priorities": [{"priority": 11}])"), "workload.priorities[0].priority = 11: must be a whole number in [-10, 10]");
  expect(WorkloadWith(R"("slow": {"share": 0.6, "pause_s": [0, 1]}, "vanishing": {"share": 0.6, "after_s": [0, 1]})"), "must have a share that leaves the sum with slow at most 1");
  expect(R"({"format_version": 1, "duration_s": 0})", "workload.duration_s = 0: must be above 0");
  expect(R"({"format_version": 1, "duration_s": 1, "load": {}})", "workload.load = {}: must have one of factor and rate_per_s");
  expect(R"({"format_version": 1, "duration_s": 1, "load": {"factor": 1}, "volumes": [{"name": "a"}, {"name": "a"}]})",
         "workload.volumes[1].name = \"a\": must be another name than that of the volumes before");
}

TEST(Workload, SchemaAndProgramAgreeOnTheFilesOfThisRoom) {
  const JsonSchema schema({{"workload.schema.json", Json::parse(FileText(Room() / "workload.schema.json"))}}, "workload.schema.json");
  int files = 0;
  for (const auto& entry : fs::directory_iterator(Room() / "workloads")) {
    SCOPED_TRACE(entry.path().filename().string());
    const std::string text = FileText(entry.path());
    EXPECT_THAT(schema.Errors(Json::parse(text)), IsEmpty());
    EXPECT_NO_THROW(ParseWorkload(text));
    ++files;
  }
  EXPECT_GE(files, 2);
  Json other = Json::parse(WorkloadWith(""));
  EXPECT_THAT(schema.Errors(other), IsEmpty());
  other["sed"] = 3;
  EXPECT_THAT(schema.Errors(other), SizeIs(1));
}

}  // namespace
}  // namespace tuckerseg::load
