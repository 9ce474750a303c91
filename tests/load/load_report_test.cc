#include "tests/load/load_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/load/load_samples.h"

namespace tuckerseg::load {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Unloaded SmallUnloaded() {
  return {.task = "demo", .levels = SmallLevels(), .book = SmallBook(), .capacity = {.per_s = 0.5, .level = "quick", .original_per_s = 0.25, .unloaded_s = {4}}};
}

JudgedRun SmallRun() {
  LoadRun run;
  run.workload = SmallWorkload();
  run.rate_per_s = 0.75;
  run.factor = 1.5;
  run.records = {Answered("original", "right", 2, 3), Answered("quick", "coarse", 4, 3), Refused("RESOURCE_EXHAUSTED", 2.5, 1), Refused("RESOURCE_EXHAUSTED", {}, 1)};
  return Judge(std::move(run), SmallUnloaded());
}

TEST(LoadReport, HasALineForThePlotOfEachRun) {
  EXPECT_EQ(RunsCsv(std::vector<JudgedRun>{SmallRun()}),
            "level,factor,rate_per_s,in_time_share,kept_share,mean_quality,p50_s,p95_s,p99_s\n"
            "auto,1.5000,0.7500,0.2500,0.5000,0.9500,2.000,4.000,4.000\n");
}

TEST(LoadReport, HasNoNumberForThePlotWhereNothingWasMeasured) {
  LoadRun run;
  run.workload = SmallWorkload().AtLevel("quick");
  run.factor = 2;
  run.rate_per_s = 1;
  run.records = {Refused("RESOURCE_EXHAUSTED", 1)};
  EXPECT_THAT(RunsCsv(std::vector<JudgedRun>{Judge(std::move(run), SmallUnloaded())}), HasSubstr("\nquick,2.0000,1.0000,0.0000,NaN,NaN,NaN,NaN,NaN\n"));
}

TEST(LoadReport, HoldsCountsAndFindingsAsJson) {
  const Json json = RunJson(SmallRun());
  EXPECT_EQ(json.at("level"), "auto");
  EXPECT_EQ(json.at("requests").at("planned"), 4);
  EXPECT_EQ(json.at("requests").at("codes"), Json::parse(R"({"OK": 2, "RESOURCE_EXHAUSTED": 2})"));
  EXPECT_EQ(json.at("requests").at("kept_share"), 0.5);
  EXPECT_EQ(json.at("mean_quality"), 0.95);
  EXPECT_EQ(json.at("latency_s").at("p95"), 4.0);
  bool hints = false;
  for (const Json& finding : json.at("findings")) hints = hints || (finding.at("promise") == "retry hints" && finding.at("ruling") == "broken");
  EXPECT_TRUE(hints) << json.at("findings");
}

TEST(LoadReport, TellsOfTheServerWhatItDoesUnloaded) {
  const std::vector<VolumeFile> volumes{{.name = "thorax"}};
  const Json json = ServerJson(SmallUnloaded(), volumes);
  EXPECT_EQ(json.at("capacity_per_s"), 0.5);
  EXPECT_EQ(json.at("capacity_level"), "quick");
  EXPECT_EQ(json.at("original_per_s"), 0.25);
  EXPECT_EQ(json.at("levels").at(1), Json::parse(R"({"level": "quick", "quality": 0.9, "unloaded": {"thorax": {"seconds": 1.0, "sha256": "coarse"}}})"));
  EXPECT_THAT(ServerText(SmallUnloaded(), volumes), HasSubstr("50 %"));
}

TEST(LoadReport, MarksBrokenPromisesForPeople) {
  EXPECT_THAT(FindingsText(SmallRun().findings), HasSubstr("BROKEN"));
  EXPECT_THAT(RunsText(std::vector<JudgedRun>{SmallRun()}), HasSubstr("1.50 x"));
}

TEST(LoadReport, HasALineForEachRequest) {
  const std::string csv = RequestsCsv(SmallRun().run);
  EXPECT_THAT(csv, StartsWith("due_s,sent_s,ended_s,volume,"));
  EXPECT_THAT(csv, HasSubstr("\n10.0000,10.0000,12.0000,thorax,auto,plain,0,3.0000,OK,original,quality,1,NaN,NaN,right\n"));
  EXPECT_THAT(csv, HasSubstr(",RESOURCE_EXHAUSTED,,,0,NaN,2.500,\n"));
}

TEST(LoadReport, CallsALoadOfSeveralLevelsMixed) {
  Workload workload = SmallWorkload();
  EXPECT_EQ(LevelOf(workload), "auto");
  workload.levels.push_back({.level = "original"});
  EXPECT_EQ(LevelOf(workload), "mixed");
}

}  // namespace
}  // namespace tuckerseg::load
