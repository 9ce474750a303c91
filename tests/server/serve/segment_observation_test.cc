/// What metrics and log say of calls of Segment.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "server/serve/stage_clock.h"
#include "tests/server/serve/compare_conversation.h"
#include "tests/server/serve/held_model.h"
#include "tests/server/serve/metric_page.h"
#include "tests/server/serve/segment_conversation.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;
using testing::Not;

class SegmentMetricsTest : public testing::Test {
 protected:
  /// The page once the calls are over.
  std::string Page() {
    EXPECT_TRUE(served_.BecomesIdle());
    return served_.metrics().Text();
  }

  HeldModel held_;
  ServedModel& served_ = held_.served();
  const std::vector<std::byte> ct_ = SmallCt().Bytes();
};

TEST_F(SegmentMetricsTest, ShowTheQueueFromTheStart) {
  for (const char* priority : {"-10", "0", "10"})
    EXPECT_THAT(Page(), HasSubstr(std::string(R"(tuckerseg_queue_depth{device="cpu",priority=")") + priority + "\"} 0"));
  EXPECT_THAT(Page(), HasSubstr(R"(tuckerseg_queue_capacity{device="cpu",priority="all"} 16)"));
}

TEST_F(SegmentMetricsTest, ShowMemoryLevelsAndWhatHasNotHappenedYetFromTheStart) {
  const std::string page = Page();
  for (const char* kind : {"total", "free", "weights"})
    EXPECT_THAT(page, HasSubstr(std::string(R"(tuckerseg_device_memory_bytes{device="cpu",kind=")") + kind + "\"}"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_device_memory_bytes{device="cpu",kind="reserved"} 0)"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_variant_loaded{device="cpu",model="tiny",variant="original"} 1)"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_variant_load_duration_seconds_count{device="cpu",model="tiny",variant="original"} 1)"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_rejected_total{reason="RESOURCE_EXHAUSTED"} 0)"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_requests_cancelled_total{stage="infer"} 0)"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_bytes_total{direction="received"} 0)"));
}

TEST_F(SegmentMetricsTest, TimeEveryPatch) {
  held_.gate().Open();
  ASSERT_TRUE(Segment(served_.channel(), ct_).status.ok());
  EXPECT_THAT(Page(), HasSubstr(R"(tuckerseg_patch_duration_seconds_count{device="cpu",variant="original"} 12)")) << "SmallCt has twelve";
}

TEST_F(SegmentMetricsTest, CountACallThatWasServed) {
  held_.gate().Open();
  const Answer answer = Segment(served_.channel(), ct_);
  const std::string page = Page();
  EXPECT_THAT(
      page,
      HasSubstr(
          R"(tuckerseg_requests_total{code="OK",device="cpu",method="Segment",task="tiny",variant="original"} 1)"));
  EXPECT_THAT(
      page,
      HasSubstr(
          R"(tuckerseg_request_duration_seconds_count{device="cpu",method="Segment",task="tiny",variant="original"} 1)"));
  for (const char* stage : kCallStageNames) {
    EXPECT_THAT(page,
                HasSubstr(std::string(R"(tuckerseg_stage_duration_seconds_count{device="cpu",stage=")") +
                          stage + R"(",variant="original"} 1)"));
  }
  EXPECT_THAT(page,
              HasSubstr(R"(tuckerseg_request_peak_memory_bytes_count{device="cpu",variant="original"} 1)"));
  EXPECT_THAT(page,
              HasSubstr(R"(tuckerseg_level_choices_total{reason="only",task="tiny",variant="original"} 1)"));
  EXPECT_THAT(page,
              HasSubstr(R"(tuckerseg_bytes_total{direction="received"} )" + std::to_string(ct_.size())));
  EXPECT_THAT(page,
              HasSubstr(R"(tuckerseg_bytes_total{direction="sent"} )" + std::to_string(answer.file.size())));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_queue_depth{device="cpu",priority="0"} 0)"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_requests_in_flight{device="cpu"} 0)"));
}

TEST_F(SegmentMetricsTest, CountARefusalByItsReason) {
  Segment(served_.channel(), BytesOf("no volume at all"));
  EXPECT_THAT(Page(), HasSubstr(R"(tuckerseg_rejected_total{reason="INVALID_ARGUMENT"} 1)"));
  EXPECT_THAT(Page(), HasSubstr(R"(tuckerseg_requests_total{code="INVALID_ARGUMENT",)"));
  EXPECT_THAT(Page(), HasSubstr(R"(tuckerseg_stage_duration_seconds_count{device="cpu",stage="receive",variant=""} 1)"));
  EXPECT_THAT(Page(), Not(HasSubstr(R"(tuckerseg_stage_duration_seconds_count{device="cpu",stage="infer")"))) << "to which it did not come";
}

TEST_F(SegmentMetricsTest, HaveStagesThatSumToTheDurationsOfAllCalls) {
  held_.gate().Open();
  ASSERT_TRUE(Segment(served_.channel(), ct_).status.ok());
  ASSERT_FALSE(Segment(served_.channel(), BytesOf("no volume at all")).status.ok());
  ASSERT_EQ(Compare(served_.channel(), ct_, Comparing({"original", "original"})).status.error_code(), grpc::INVALID_ARGUMENT);
  const std::string page = Page();
  const double stages = SumOf(page, "tuckerseg_stage_duration_seconds_sum{");
  const double calls = SumOf(page, "tuckerseg_request_duration_seconds_sum{");
  EXPECT_GT(calls, 0);
  EXPECT_NEAR(stages, calls, 0.02 * calls + 0.005) << "a clock is read twice: a thread may rest between";
}

TEST_F(SegmentMetricsTest, TakeNoNameFromTheClientAsALabel) {
  v1::SegmentHeader header;
  header.set_task("made-up-task");
  Segment(served_.channel(), ct_, header);
  header.set_task("tiny");
  header.mutable_level()->set_name("made-up-level");
  Segment(served_.channel(), ct_, header);
  EXPECT_THAT(Page(), Not(HasSubstr("made-up")));
}

TEST_F(SegmentMetricsTest, CountACancelledCallByItsStage) {
  SegmentConversation conversation(served_.channel());
  conversation.SendHeader({});
  conversation.SendFile(ct_);
  // The first progress after the patch has been reached says the stage that the server has seen.
  ASSERT_TRUE(held_.gate().WaitForPatch(1));
  while (conversation.answer().progress.empty() ||
         conversation.answer().progress.back().stage() != v1::STAGE_INFER) {
    ASSERT_TRUE(conversation.ReadOne());
  }
  conversation.Cancel();
  EXPECT_EQ(conversation.Finish().status.error_code(), grpc::CANCELLED);
  EXPECT_TRUE(WaitUntil([this] { return served_.parts().streams == 0; }));
  held_.gate().Open();
  EXPECT_THAT(Page(), HasSubstr(R"(tuckerseg_requests_cancelled_total{stage="infer"} 1)"));
  EXPECT_THAT(Page(), HasSubstr(R"(tuckerseg_requests_total{code="CANCELLED",)"));
}

TEST(SegmentRequests, AreRememberedForPeopleWithoutTheClientsWords) {
  ServedModel served;
  const Answer answer = Segment(served.channel(), SmallCt().Bytes());
  v1::SegmentHeader header;
  header.set_task("Doe^John");
  Segment(served.channel(), SmallCt().Bytes(), header);
  ASSERT_TRUE(served.BecomesIdle());
  const std::vector<RequestEntry> requests = served.requests().Newest();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].code, "NOT_FOUND");
  EXPECT_EQ(requests[0].task, "");
  EXPECT_EQ(requests[0].variant, "");
  EXPECT_EQ(requests[0].reason, "");
  EXPECT_EQ(requests[1].code, "OK");
  EXPECT_EQ(requests[1].request_id, answer.accepted.request_id());
  EXPECT_EQ(requests[1].task, "tiny");
  EXPECT_EQ(requests[1].variant, "original");
  EXPECT_EQ(requests[1].reason, "only");
  EXPECT_EQ(requests[1].device, "cpu");
  EXPECT_GT(requests[1].seconds, 0);
  ASSERT_EQ(requests[1].stages.size(), kCallStages);
  EXPECT_EQ(requests[1].stages[4].stage, "infer");
  EXPECT_GT(requests[1].stages[4].seconds, 0);
}

/// What is logged while `calls` are served, one parsed line each.
std::vector<nlohmann::json> Logged(ServedModel& served, const std::function<void()>& calls) {
  testing::internal::CaptureStdout();
  calls();
  EXPECT_TRUE(served.BecomesIdle());
  std::istringstream text(testing::internal::GetCapturedStdout());
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

TEST(SegmentLog, HasOneLineForACallWithItsIdCodeAndStages) {
  ServedModel served;
  Answer answer;
  const std::vector<std::byte> ct = SmallCt().Bytes();
  const auto lines = Logged(served, [&] { answer = Segment(served.channel(), ct); });
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["event"], "segment");
  EXPECT_EQ(lines[0]["request"], answer.accepted.request_id());
  EXPECT_EQ(lines[0]["method"], "Segment");
  EXPECT_EQ(lines[0]["task"], "tiny");
  EXPECT_EQ(lines[0]["variant"], "original");
  EXPECT_EQ(lines[0]["reason"], "only");
  EXPECT_EQ(lines[0]["device"], "cpu");
  EXPECT_EQ(lines[0]["code"], "OK");
  EXPECT_EQ(lines[0]["bytes"], ct.size());
  EXPECT_EQ(lines[0]["voxels"], 13 * 9 * 11);
  EXPECT_EQ(lines[0]["patches"], 12);
  EXPECT_GT(lines[0]["network_seconds"], 0);
  EXPECT_GT(lines[0]["foretold_seconds"], 0);
  EXPECT_GT(lines[0]["peak_memory_bytes"], 0);
  EXPECT_EQ(lines[0]["stages"].size(), kCallStages);
}

TEST(SegmentLog, GivesEveryMomentOfACallToOneStage) {
  ServedModel served;
  const auto lines = Logged(served, [&] {
    for (int i = 0; i < 5; ++i) Segment(served.channel(), SmallCt().Bytes());
  });
  for (const nlohmann::json& line : lines) {
    double sum = 0;
    for (const auto& [stage, seconds] : line["stages"].items()) {
      EXPECT_GE(seconds.get<double>(), -1e-9) << stage;
      sum += seconds.get<double>();
    }
    EXPECT_LE(sum, line["seconds"].get<double>());
  }
}

TEST(SegmentLog, KeepsTheClientsOwnWordsOutOfIt) {
  ServedModel served;
  v1::SegmentHeader header;
  header.set_task("Doe^John 1960-01-01");
  const auto lines = Logged(served, [&] { EXPECT_EQ(Segment(served.channel(), SmallCt().Bytes(), header).status.error_code(), grpc::NOT_FOUND); });
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0]["message"], "task");
  EXPECT_THAT(lines[0].dump(), Not(HasSubstr("Doe")));
}

TEST(SegmentLog, SaysWhyACallFailedAndNothingOfThePatient) {
  // Names of files and patients that stand in a NIfTI header: descrip, aux_file, db_name and an extension.
  NiftiBuilder builder = SmallCt();
  const auto put_text = [&builder](size_t at, const std::string& text) {
    for (size_t i = 0; i < text.size(); ++i) builder.Put(at + i, static_cast<int8_t>(text[i]));
  };
  put_text(14, "Doe^John");
  put_text(148, "Doe^John 1960-01-01");
  put_text(228, "john_doe.nii.gz");
  builder.Extension(6, "Doe^John 1960-01-01 john_doe.nii.gz");
  ServedModel served;
  const auto lines = Logged(served, [&] {
    EXPECT_TRUE(Segment(served.channel(), builder.Bytes()).status.ok());
    builder.Pixdim(3, 0);
    EXPECT_FALSE(Segment(served.channel(), builder.Bytes()).status.ok());
  });
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[1]["code"], "INVALID_ARGUMENT");
  EXPECT_EQ(lines[1]["level"], "warning");
  EXPECT_THAT(lines[1]["message"].get<std::string>(), HasSubstr("pixdim[3] = 0: must be in [0.01, 50] mm"));
  for (const nlohmann::json& line : lines) {
    for (const char* secret : {"Doe", "John", "1960", ".nii", "john"})
      EXPECT_THAT(line.dump(), Not(HasSubstr(secret)));
  }
}

}  // namespace
}  // namespace tuckerseg
