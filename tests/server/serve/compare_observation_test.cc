/// What metrics, log, page and traces say of calls of Compare.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "server/serve/stage_clock.h"
#include "tests/server/serve/compare_conversation.h"
#include "tests/server/serve/kept_spans.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/metric_page.h"
#include "tests/server/serve/served_model.h"
#include "tests/server/variants/tiny_variants.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;
using testing::Not;

class CompareObservation : public testing::Test {
 protected:
  static ServedOptions Serving(const ModelOnDisk& disk, SpanSink& spans) {
    disk.Add("coarse", {{"tucker-0.3", 0.3, true, 1}}, 11);
    ServedOptions options = TracedTo(spans);
    options.models = disk.models();
    return options;
  }
  /// The page once the call is over.
  std::string PageAfter(const v1::CompareHeader& header) {
    Compare(served_.channel(), ct_, header);
    EXPECT_TRUE(served_.BecomesIdle());
    return served_.metrics().Text();
  }
  /// What is logged while such a call is served.
  nlohmann::json LoggedOf(const v1::CompareHeader& header) {
    testing::internal::CaptureStdout();
    Compare(served_.channel(), ct_, header);
    EXPECT_TRUE(served_.BecomesIdle());
    return nlohmann::json::parse(testing::internal::GetCapturedStdout());
  }

  const ModelOnDisk disk_{TinyServedBundle()};
  KeptSpans spans_;  // before the server, whose calls leave theirs there
  ServedModel served_{Serving(disk_, spans_)};
  const std::vector<std::byte> ct_ = SmallCt().Bytes();
};

TEST_F(CompareObservation, CountsOneRequestThatIsNoLevels) {
  const std::string page = PageAfter(Comparing({"original", "0.3"}));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_requests_total{code="OK",device="cpu",method="Compare",task="tiny",variant=""} 1)"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_request_duration_seconds_count{device="cpu",method="Compare",task="tiny",variant=""} 1)"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_bytes_total{direction="received"} )" + std::to_string(ct_.size())));
}

TEST_F(CompareObservation, GivesEachLevelItsOwnStagesAndNoneTheReceiving) {
  const std::string page = PageAfter(Comparing({"original", "0.3"}));
  const auto stage = [](const char* name, const char* variant) {
    return std::string(R"(tuckerseg_stage_duration_seconds_count{device="cpu",stage=")") + name + R"(",variant=")" + variant + "\"} 1";
  };
  for (const char* variant : {"original", "tucker-0.3"}) {
    for (const char* name : {"queue", "preprocess", "infer", "postprocess", "encode", "send"}) EXPECT_THAT(page, HasSubstr(stage(name, variant)));
    EXPECT_THAT(page, Not(HasSubstr(stage("receive", variant))));
    EXPECT_THAT(page, HasSubstr(std::string(R"(tuckerseg_request_peak_memory_bytes_count{device="cpu",variant=")") + variant + "\"} 1"));
    EXPECT_THAT(page, HasSubstr(std::string(R"(tuckerseg_level_choices_total{reason="asked",task="tiny",variant=")") + variant + "\"} 1"));
    EXPECT_THAT(page, HasSubstr(std::string(R"(tuckerseg_patch_duration_seconds_count{device="cpu",variant=")") + variant + "\"} 12"));
  }
  for (const char* name : {"receive", "decode"}) EXPECT_THAT(page, HasSubstr(stage(name, "")));
  EXPECT_THAT(page, Not(HasSubstr(stage("infer", ""))));
}

TEST_F(CompareObservation, HasStagesThatSumToTheCallsDuration) {
  const std::string page = PageAfter(Comparing({"original", "0.3"}));
  const double calls = SumOf(page, "tuckerseg_request_duration_seconds_sum{");
  EXPECT_GT(calls, 0);
  EXPECT_NEAR(SumOf(page, "tuckerseg_stage_duration_seconds_sum{"), calls, 0.02 * calls + 0.005);
}

TEST_F(CompareObservation, TakesNoNameFromTheClientAsALabel) {
  const std::string page = PageAfter(Comparing({"original", "made-up"}));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_requests_total{code="NOT_FOUND",device="cpu",method="Compare",task="tiny",variant=""} 1)"));
  EXPECT_THAT(page, Not(HasSubstr("made-up")));
}

TEST_F(CompareObservation, LogsOneLineWithTheLevelsInIt) {
  const nlohmann::json line = LoggedOf(Comparing({"original", "0.3"}));
  EXPECT_EQ(line["event"], "segment");
  EXPECT_EQ(line["method"], "Compare");
  EXPECT_EQ(line["variant"], "original, tucker-0.3");
  EXPECT_EQ(line["code"], "OK");
  EXPECT_EQ(line["patches"], 24);
  EXPECT_EQ(line["stages"].size(), kCallStages);
  ASSERT_EQ(line["levels"].size(), 2U);
  EXPECT_EQ(line["levels"][1]["variant"], "tucker-0.3");
  EXPECT_EQ(line["levels"][1]["device"], "cpu");
  EXPECT_EQ(line["levels"][1]["patches"], 12);
  EXPECT_GT(line["levels"][1]["network_seconds"], 0);
  double sum = 0;
  for (const auto& [stage, seconds] : line["stages"].items()) sum += seconds.get<double>();
  EXPECT_LE(sum, line["seconds"].get<double>());
  double infer = 0;
  for (const nlohmann::json& level : line["levels"]) infer += level["stages"]["infer"].get<double>();
  EXPECT_NEAR(infer, line["stages"]["infer"].get<double>(), 1e-9) << "the call's is the levels' together";
}

TEST_F(CompareObservation, KeepsTheClientsOwnWordsOutOfTheLog) {
  for (const auto& levels : std::vector<std::vector<std::string>>{{"original", "Doe^John"}, {"Doe^John", "auto"}, {"original", "original", "Doe^John"}}) {
    const nlohmann::json line = LoggedOf(Comparing(levels));
    EXPECT_NE(line["code"], "OK");
    EXPECT_THAT(line.dump(), Not(HasSubstr("Doe")));
  }
  EXPECT_EQ(LoggedOf(Comparing({"original", "0.3", "0.30"}))["message"], "header.levels[2]");
}

TEST_F(CompareObservation, IsRememberedForPeopleAndTraced) {
  const CompareAnswer answer = Compare(served_.channel(), ct_, Comparing({"original", "0.3"}));
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_TRUE(served_.BecomesIdle());
  ASSERT_EQ(served_.requests().Newest().size(), 1U);
  EXPECT_EQ(served_.requests().Newest()[0].variant, "original, tucker-0.3");
  EXPECT_EQ(served_.requests().Newest()[0].request_id, answer.levels.at(0).accepted.request_id());
  EXPECT_EQ(spans_.requests().at(0).at(0).name, "tuckerseg.v1.SegmentationService/Compare");
}

}  // namespace
}  // namespace tuckerseg
