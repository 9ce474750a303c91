/// The server's own choice of a level, through a real server: which one runs under which promises, and what is said where none can.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "server/serve/status_of.h"
#include "tests/server/serve/held_model.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/status_details.h"
#include "tests/server/variants/tiny_variants.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

/// An original whose patch is expected to take ten seconds, and a level at a microsecond whose card promises 0.91, measured on phantoms.
/// A volume has twelve patches.
class SegmentChoice : public testing::Test {
 protected:
  SegmentChoice() {
    disk_.Add("quick", {{"quick", 0.3, true, 1}}, 11, TinyCard("quick", 0.93, 0.91));
    disk_.Add("unmeasured", {{"unmeasured", 0.1, true, 1}}, 12);
    options_.models = disk_.models();
    options_.config.allow_phantom_quality = true;
  }

  HeldModel& Start(bool open = true) {
    held_.emplace(std::move(options_));
    held_->served().times().Expect({"tiny", "original"}, 10);
    if (open) held_->gate().Open();
    return *held_;
  }
  ServedModel& served() { return held_->served(); }

  static v1::SegmentHeader Promise(std::optional<int64_t> max_latency_s, double min_quality = 0) {
    v1::SegmentHeader header;
    v1::AutomaticLevel& automatic = *header.mutable_level()->mutable_automatic();
    if (max_latency_s) automatic.mutable_max_latency()->set_seconds(*max_latency_s);
    automatic.set_min_quality(min_quality);
    return header;
  }
  void Send(SegmentConversation& conversation, const v1::SegmentHeader& header) {
    conversation.SendHeader(header);
    conversation.SendFile(ct_);
  }
  Answer Ask(const v1::SegmentHeader& header) { return Segment(served().channel(), ct_, header); }

  const ModelOnDisk disk_{TinyServedBundle()};
  const std::vector<std::byte> ct_ = SmallCt().Bytes();
  ServedOptions options_;
  std::optional<HeldModel> held_;
};

TEST_F(SegmentChoice, IsTheMostAccurateLevelWhereNothingIsPromised) {
  Start();
  const Answer answer = Ask(Promise({}));
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.accepted.variant(), "original");
  EXPECT_EQ(answer.accepted.reason(), v1::LEVEL_REASON_QUALITY);
  EXPECT_GE(answer.accepted.estimated_latency().seconds(), 120);
}

TEST_F(SegmentChoice, GivesUpAccuracyForALatency) {
  Start();
  const Answer answer = Ask(Promise(60));
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.accepted.variant(), "quick");
  EXPECT_EQ(answer.accepted.reason(), v1::LEVEL_REASON_DEADLINE);
  EXPECT_LT(answer.accepted.estimated_latency().seconds(), 60);
  EXPECT_EQ(answer.summary.variant(), "quick");
  EXPECT_THAT(served().metrics().Text(), HasSubstr(R"(tuckerseg_level_choices_total{reason="deadline",task="tiny",variant="quick"} 1)"));
}

TEST_F(SegmentChoice, GivesUpAccuracyForTheDeadlineOfTheCall) {
  Start();
  SegmentConversation conversation(served().channel(), std::chrono::system_clock::now() + std::chrono::seconds(60));
  Send(conversation, {});
  const Answer answer = conversation.Finish();
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.accepted.variant(), "quick");
}

TEST_F(SegmentChoice, GivesUpNoAccuracyThatWasAskedFor) {
  Start();
  EXPECT_EQ(Ask(Promise(60, 0.91)).accepted.variant(), "quick");
  const Answer refused = Ask(Promise(60, 0.92));
  EXPECT_EQ(refused.status.error_code(), grpc::DEADLINE_EXCEEDED);
  EXPECT_EQ(refused.order, "") << "refused at admission";
  EXPECT_THAT(served().metrics().Text(), HasSubstr(R"(tuckerseg_rejected_total{reason="DEADLINE_EXCEEDED"} 1)")) << "refused, and nothing that had begun was given up";
  EXPECT_THAT(served().metrics().Text(), HasSubstr(R"(tuckerseg_requests_cancelled_total{stage="queue"} 0)"));
  // 144 s and what is done around the network, rounded to what is enough.
  EXPECT_THAT(refused.status.error_message(), HasSubstr("max_latency = 60 s: must be at least 145 s (original on cpu)"));
}

TEST_F(SegmentChoice, GivesUpNoAccuracyThatTheOperatorAsksFor) {
  options_.config.min_quality = 0.92;
  Start();
  EXPECT_EQ(Ask(Promise(60)).status.error_code(), grpc::DEADLINE_EXCEEDED);
  EXPECT_EQ(Ask(Promise({})).accepted.variant(), "original");
  v1::SegmentHeader named;
  named.mutable_level()->set_name("quick");
  EXPECT_TRUE(Ask(named).status.ok()) << "who names a level has settled its accuracy";
}

TEST_F(SegmentChoice, DoesNotCountQualitiesOfPhantomsUnlessAllowed) {
  options_.config.allow_phantom_quality = false;
  Start();
  EXPECT_EQ(Ask(Promise(60)).status.error_code(), grpc::DEADLINE_EXCEEDED);
  EXPECT_EQ(Ask(Promise({})).accepted.reason(), v1::LEVEL_REASON_ONLY);
}

TEST_F(SegmentChoice, IsRefusedWithTheReasonWhereTheOriginalCouldNotBeLoadedAndNoOtherCounts) {
  const std::filesystem::path weights = disk_.bundle() / "weights.safetensors";
  std::filesystem::resize_file(weights, std::filesystem::file_size(weights) - 1);
  options_.config.allow_phantom_quality = false;
  Start();
  const Answer refused = Ask(Promise({}));
  EXPECT_EQ(NameOf(refused.status.error_code()), "FAILED_PRECONDITION");
  EXPECT_THAT(refused.status.error_message(), HasSubstr("level = original: could not be loaded: "));
  EXPECT_EQ(refused.order, "");
  v1::SegmentHeader named;
  named.mutable_level()->set_name("unmeasured");
  EXPECT_TRUE(Ask(named).status.ok());
}

TEST_F(SegmentChoice, GivesUpAccuracyForWhatWaits) {
  Start(false);
  SegmentConversation first(served().channel());
  Send(first, {});
  ASSERT_TRUE(first.ReadOne());
  ASSERT_TRUE(held_->gate().WaitForPatch(1));
  // On an idle device 144 s would be enough; behind the first it is not, and the quick level's 120 s are.
  SegmentConversation second(served().channel());
  Send(second, Promise(200));
  ASSERT_TRUE(second.ReadOne());
  EXPECT_EQ(second.answer().accepted.variant(), "quick");
  EXPECT_EQ(second.answer().accepted.reason(), v1::LEVEL_REASON_QUEUE);
  EXPECT_GT(second.answer().accepted.estimated_latency().seconds(), 50);

  const Answer third = Ask(Promise(60));
  EXPECT_EQ(third.status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_THAT(third.status.error_message(), HasSubstr("behind what waits"));
  EXPECT_TRUE(DetailOf<google::rpc::RetryInfo>(third.status));
  held_->gate().Open();
  EXPECT_TRUE(first.Finish().status.ok());
  EXPECT_TRUE(second.Finish().status.ok());
}

TEST_F(SegmentChoice, StepsDownOnceItsTurnHasComeForOneThatCameLater) {
  Start(false);
  v1::SegmentHeader quick;
  quick.mutable_level()->set_name("quick");
  SegmentConversation running(served().channel());
  Send(running, quick);
  ASSERT_TRUE(running.ReadOne());
  ASSERT_TRUE(held_->gate().WaitForPatch(1));

  // Each by itself would be served by the original, which takes 120 s; one behind the other they would not end in time.
  SegmentConversation first(served().channel());
  Send(first, Promise(150));
  ASSERT_TRUE(first.ReadOne());
  EXPECT_EQ(first.answer().accepted.variant(), "original");
  SegmentConversation second(served().channel());
  Send(second, Promise(160, 0.95));
  ASSERT_TRUE(second.ReadOne());
  EXPECT_EQ(second.answer().accepted.variant(), "original");

  held_->gate().Open();
  const Answer answer = first.Finish();
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.accepted.variant(), "quick") << "it is told once more";
  EXPECT_EQ(answer.accepted.reason(), v1::LEVEL_REASON_QUEUE);
  EXPECT_EQ(answer.summary.variant(), "quick");
  EXPECT_EQ(second.Finish().summary.variant(), "original");
  EXPECT_THAT(served().metrics().Text(), HasSubstr(R"(tuckerseg_level_choices_total{reason="queue",task="tiny",variant="quick"} 1)"));
}

TEST_F(SegmentChoice, IsTheMoreAccurateLevelWhereWhatWaitedBeforeItHasGone) {
  Start(false);
  SegmentConversation first(served().channel());
  Send(first, {});
  ASSERT_TRUE(first.ReadOne());
  ASSERT_TRUE(held_->gate().WaitForPatch(1));
  SegmentConversation second(served().channel());
  Send(second, Promise(200));
  ASSERT_TRUE(second.ReadOne());
  ASSERT_EQ(second.answer().accepted.variant(), "quick");
  EXPECT_EQ(second.answer().accepted.reason(), v1::LEVEL_REASON_QUEUE);

  held_->gate().Open();
  EXPECT_TRUE(first.Finish().status.ok());
  const Answer answer = second.Finish();
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.accepted.variant(), "original") << "it is told once more";
  EXPECT_EQ(answer.accepted.reason(), v1::LEVEL_REASON_QUALITY);
  EXPECT_EQ(answer.summary.variant(), "original");
  EXPECT_THAT(served().metrics().Text(), HasSubstr(R"(tuckerseg_level_choices_total{reason="quality",task="tiny",variant="original"} 2)"));
}

/// What the first of two requests without a promise runs at, which wait behind the original when one is refused for them that promises `max_latency_s`, and which begins so long `after`.
struct ToComeAgain {
  double original_patch_s = 0;  // of twelve
  int64_t max_latency_s = 0;
  int64_t least_retry_s = 0;
  std::chrono::milliseconds after{0};
};

class SegmentChoiceToComeAgain : public SegmentChoice, public testing::WithParamInterface<ToComeAgain> {};

TEST_P(SegmentChoiceToComeAgain, StepsDownForOneThatWasTurnedAwayAsLongAsOthersWait) {
  Start(false);
  served().times().Expect({"tiny", "original"}, GetParam().original_patch_s);
  v1::SegmentHeader original;
  original.mutable_level()->set_name("original");
  SegmentConversation running(served().channel());
  Send(running, original);
  ASSERT_TRUE(held_->gate().WaitForPatch(1));
  SegmentConversation waiting(served().channel());
  Send(waiting, {});
  ASSERT_TRUE(waiting.ReadOne());
  EXPECT_EQ(waiting.answer().accepted.variant(), "original") << "it has promised nothing";
  SegmentConversation behind(served().channel());
  Send(behind, {});
  ASSERT_TRUE(behind.ReadOne());

  const Answer refused = Ask(Promise(GetParam().max_latency_s));  // fast enough on an idle device
  ASSERT_EQ(refused.status.error_code(), grpc::RESOURCE_EXHAUSTED) << refused.status.error_message();
  const auto retry = DetailOf<google::rpc::RetryInfo>(refused.status);
  ASSERT_TRUE(retry);
  EXPECT_GE(retry->retry_delay().seconds(), GetParam().least_retry_s);
  std::this_thread::sleep_for(GetParam().after);
  held_->gate().Open();
  const Answer answer = waiting.Finish();
  EXPECT_EQ(answer.summary.variant(), "quick");
  EXPECT_EQ(answer.accepted.reason(), v1::LEVEL_REASON_QUEUE);
  EXPECT_EQ(behind.Finish().summary.variant(), "original") << "nothing waits any more";
  EXPECT_TRUE(running.Finish().status.ok());
}

INSTANTIATE_TEST_SUITE_P(UntilItIsToCome, SegmentChoiceToComeAgain, testing::Values(ToComeAgain{10, 90, 10, std::chrono::milliseconds(0)}));
// It is to come within two seconds, and the others begin later: until its promise would be kept the others step down.
INSTANTIATE_TEST_SUITE_P(UntilItsPromiseWouldBeKept, SegmentChoiceToComeAgain, testing::Values(ToComeAgain{0.5, 5, 1, std::chrono::milliseconds(2500)}));

TEST_F(SegmentChoice, RefusesANamedLevelThatWouldBeTooLate) {
  Start();
  v1::SegmentHeader header;
  header.mutable_level()->set_name("original");
  SegmentConversation conversation(served().channel(), std::chrono::system_clock::now() + std::chrono::seconds(60));
  Send(conversation, header);
  const Answer answer = conversation.Finish();
  EXPECT_EQ(answer.status.error_code(), grpc::DEADLINE_EXCEEDED);
  EXPECT_THAT(answer.status.error_message(), HasSubstr("must be at least 145 s (original on cpu)"));
}

TEST_F(SegmentChoice, FollowsNothingThatWasMeasuredOfWeightsThatWereReplacedMeanwhile) {
  Start(false);
  v1::SegmentHeader quick;
  quick.mutable_level()->set_name("quick");
  SegmentConversation running(served().channel());
  Send(running, quick);
  ASSERT_TRUE(held_->gate().WaitForPatch(1));
  std::filesystem::remove_all(disk_.variant("quick"));
  disk_.Add("quick", {{"quick", 0.3, true, 1}}, 13, TinyCard("quick", 0.93, 0.91));
  // Clocks of file systems are coarse: it may bear the time of the one before.
  std::filesystem::last_write_time(disk_.variant("quick") / "weights.safetensors", std::filesystem::file_time_type::clock::now() + std::chrono::seconds(10));
  ASSERT_FALSE(served().catalogue().Rescan());
  ASSERT_TRUE(served().catalogue().Rescan());
  served().catalogue().LoadWhatFits();
  held_->gate().Open();
  EXPECT_TRUE(running.Finish().status.ok());
  EXPECT_EQ(served().times().KnownPatchSeconds({"tiny", "quick"}), 1e-6) << "as it was warmed up";
}

TEST_F(SegmentChoice, FollowsWhatWasMeasured) {
  Start();
  EXPECT_EQ(Ask(Promise(60)).accepted.variant(), "quick");
  EXPECT_EQ(Ask(Promise({})).accepted.variant(), "original") << "and takes far less than foretold";
  const Answer answer = Ask(Promise(60));
  EXPECT_EQ(answer.accepted.variant(), "original");
  EXPECT_EQ(answer.accepted.reason(), v1::LEVEL_REASON_QUALITY);
}

}  // namespace
}  // namespace tuckerseg
