/// Calls of Segment that come again under their idempotency key: the same answer, and the work once.
#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "server/serve/stage_clock.h"
#include "server/serve/status_of.h"
#include "tests/server/serve/held_model.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/variants/tiny_variants.h"

namespace tuckerseg {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::HasSubstr;

v1::SegmentHeader Named(const std::string& key) {
  v1::SegmentHeader header;
  header.set_idempotency_key(key);
  return header;
}

class SegmentRepeat : public testing::Test {
 protected:
  HeldModel& Start(ServedOptions options = {}, bool open = true) {
    held_.emplace(std::move(options));
    if (open) held_->gate().Open();
    return *held_;
  }
  Answer Ask(const v1::SegmentHeader& header) { return Segment(held_->served().channel(), ct_, header); }
  int patches() { return held_->gate().arrived(); }
  std::string Page() {
    EXPECT_TRUE(held_->served().BecomesIdle());
    return held_->served().metrics().Text();
  }

  const std::vector<std::byte> ct_ = SmallCt().Bytes();  // twelve patches
  std::optional<HeldModel> held_;
};

TEST_F(SegmentRepeat, GetsTheSameAnswerWithoutTheWork) {
  Start();
  v1::SegmentHeader header = Named("k");
  header.mutable_output()->set_preview(true);
  header.mutable_output()->set_statistics(true);
  const Answer first = Ask(header);
  header.set_priority(3);
  const Answer second = Ask(header);
  ASSERT_TRUE(second.status.ok()) << second.status.error_message();
  EXPECT_THAT(second.order, testing::MatchesRegex("ahc+vs")) << "no progress: nothing is done";
  EXPECT_EQ(second.file, first.file);
  EXPECT_EQ(second.header.sha256(), first.header.sha256());
  EXPECT_EQ(second.preview, first.preview);
  EXPECT_TRUE(MessageDifferencer::Equals(second.summary, first.summary));
  EXPECT_EQ(second.accepted.variant(), first.accepted.variant());
  EXPECT_EQ(second.accepted.reason(), first.accepted.reason());
  EXPECT_NE(second.accepted.request_id(), first.accepted.request_id()) << "each call has its line in the log";
  EXPECT_EQ(patches(), 12);
  EXPECT_THAT(Page(), HasSubstr("tuckerseg_results_reused_total 1"));
  EXPECT_THAT(Page(), HasSubstr(R"(tuckerseg_requests_total{code="OK",device="cpu",method="Segment",task="tiny",variant="original"} 2)"));
}

TEST_F(SegmentRepeat, IsCountedForTheDeviceThatDidTheWork) {
  ServedOptions options;
  options.config.devices = {{.name = "left"}, {.name = "right"}};
  Start(std::move(options));
  ASSERT_TRUE(Ask(Named("k")).status.ok());
  ASSERT_TRUE(Ask(Named("k")).status.ok());
  const std::string page = Page();
  EXPECT_THAT(page, HasSubstr("tuckerseg_results_reused_total 1"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_requests_total{code="OK",device="left",method="Segment",task="tiny",variant="original"} 2)"));
  EXPECT_THAT(page, testing::Not(HasSubstr(R"(code="OK",device="")")));
}

TEST_F(SegmentRepeat, WorksAgainWithoutAKeyOrUnderAnotherOne) {
  Start();
  Ask({});
  Ask({});
  Ask(Named("k"));
  Ask(Named("l"));
  EXPECT_EQ(patches(), 4 * 12);
  EXPECT_THAT(Page(), HasSubstr("tuckerseg_results_reused_total 0"));
}

TEST_F(SegmentRepeat, IsRefusedWithAnotherVolumeOrOtherOptions) {
  Start();
  ASSERT_TRUE(Ask(Named("k")).status.ok());
  v1::SegmentHeader other = Named("k");
  other.add_structures("structure_1");
  for (const Answer& answer : {Ask(other), Segment(held_->served().channel(), RandomCt({13, 9, 11}, 2).Bytes(), Named("k"))}) {
    EXPECT_EQ(answer.status.error_code(), grpc::INVALID_ARGUMENT);
    EXPECT_THAT(answer.status.error_message(), HasSubstr("header.idempotency_key: is that of a request with another volume or other options"));
    EXPECT_EQ(answer.order, "");
  }
}

TEST_F(SegmentRepeat, WaitsForTheFirstWhileThatRuns) {
  Start({}, /*open=*/false);
  Answer first;
  Answer second;
  std::jthread one([&] { first = Ask(Named("k")); });
  ASSERT_TRUE(held_->gate().WaitForPatch(1));
  std::jthread two([&] { second = Ask(Named("k")); });
  ASSERT_TRUE(WaitUntil([&] { return held_->served().parts().streams == 2; }));
  held_->gate().Open();
  one.join();
  two.join();
  ASSERT_TRUE(first.status.ok()) << first.status.error_message();
  ASSERT_TRUE(second.status.ok()) << second.status.error_message();
  EXPECT_EQ(second.file, first.file);
  for (Answer* answer : {&first, &second}) answer->summary.mutable_stages(static_cast<int>(CallStage::kSend))->set_seconds(0);  // which the first one's may go on with
  EXPECT_TRUE(MessageDifferencer::Equals(second.summary, first.summary));
  EXPECT_EQ(patches(), 12);
}

TEST_F(SegmentRepeat, WaitsNoLongerThanItsOwnDeadline) {
  Start({}, /*open=*/false);
  std::jthread one([&] { Ask(Named("k")); });
  ASSERT_TRUE(held_->gate().WaitForPatch(1));
  SegmentConversation second(held_->served().channel(), std::chrono::system_clock::now() + std::chrono::milliseconds(300));
  second.SendHeader(Named("k"));
  second.SendFile(ct_);
  EXPECT_EQ(second.Finish().status.error_code(), grpc::DEADLINE_EXCEEDED);
  EXPECT_TRUE(WaitUntil([&] { return held_->served().parts().streams == 1; }));
  held_->gate().Open();
}

TEST_F(SegmentRepeat, SaysThatItLivesWhileItWaits) {
  Start({}, /*open=*/false);
  std::jthread one([&] { Ask(Named("k")); });
  ASSERT_TRUE(held_->gate().WaitForPatch(1));
  SegmentConversation second(held_->served().channel());
  second.SendHeader(Named("k"));
  second.SendFile(ct_);
  ASSERT_TRUE(second.ReadOne());
  EXPECT_EQ(second.answer().order, "p") << "a heartbeat, before anything is accepted";
  EXPECT_EQ(second.answer().progress.front().stage(), v1::STAGE_QUEUE);
  held_->gate().Open();
  EXPECT_TRUE(second.Finish().status.ok());
}

TEST_F(SegmentRepeat, DoesTheWorkItselfWhereTheFirstHasGone) {
  Start({}, /*open=*/false);
  SegmentConversation first(held_->served().channel());
  first.SendHeader(Named("k"));
  first.SendFile(ct_);
  ASSERT_TRUE(held_->gate().WaitForPatch(1));
  Answer second;
  std::jthread two([&] { second = Ask(Named("k")); });
  ASSERT_TRUE(WaitUntil([&] { return held_->served().parts().streams == 2; }));
  first.Cancel();
  EXPECT_EQ(first.Finish().status.error_code(), grpc::CANCELLED);
  ASSERT_TRUE(WaitUntil([&] { return held_->served().parts().streams == 1; }));  // the server knows
  held_->gate().Open();
  two.join();
  EXPECT_TRUE(second.status.ok()) << second.status.error_message();
  EXPECT_EQ(patches(), 13) << "one of the first, all of the second";
}

TEST_F(SegmentRepeat, FindsTheAnswerThatNeverReachedItsClient) {
  Start();
  const Answer whole = Ask({});
  {
    SegmentConversation lost(held_->served().channel());
    lost.SendHeader(Named("k"));
    lost.SendFile(ct_);
    while (lost.answer().order.find('h') == std::string::npos) ASSERT_TRUE(lost.ReadOne());
    lost.Cancel();
    lost.Finish();
  }
  const int before = patches();
  EXPECT_EQ(Ask(Named("k")).file, whole.file);
  EXPECT_EQ(patches(), before);
}

TEST_F(SegmentRepeat, MeansNothingWhereNothingIsKept) {
  ServedOptions options;
  options.config.results.max_bytes = 0;
  Start(std::move(options));
  Ask(Named("k"));
  v1::SegmentHeader other = Named("k");
  other.add_structures("structure_1");
  EXPECT_TRUE(Ask(other).status.ok());
  EXPECT_EQ(patches(), 24);
}

/// With a second level, which this server would not choose by itself.
class SegmentRepeatOfALevel : public SegmentRepeat {
 protected:
  SegmentRepeatOfALevel() {
    disk_.Add("quick", {{"quick", 0.3, true, 1}}, 11, TinyCard("quick", 0.93, 0.91));
    options_.models = disk_.models();
    options_.config.allow_phantom_quality = true;
  }
  static v1::SegmentHeader Resuming(const std::string& key, const std::string& level) {
    v1::SegmentHeader header = Named(key);
    header.set_resume_level(level);
    return header;
  }
  /// Refused before it is accepted, with the way to another answer.
  void ExpectRefusal(const v1::SegmentHeader& header, grpc::StatusCode code, const std::string& message) {
    const Answer answer = Ask(header);
    EXPECT_EQ(NameOf(answer.status.error_code()), NameOf(code));
    EXPECT_THAT(answer.status.error_message(), HasSubstr(message));
    EXPECT_THAT(answer.status.error_message(), HasSubstr("for an answer at another level send the request with a new idempotency key"));
    EXPECT_EQ(answer.order, "");
  }

  const ModelOnDisk disk_{TinyServedBundle()};
  ServedOptions options_;
};

TEST_F(SegmentRepeatOfALevel, IsWorkedAtTheLevelOfTheEarlierAttemptWhereItsAnswerIsNotThere) {
  Start(options_);
  EXPECT_EQ(Ask({}).summary.variant(), "original") << "what is chosen";
  v1::SegmentHeader named;
  named.mutable_level()->set_name("quick");
  const Answer expected = Ask(named);
  const Answer answer = Ask(Resuming("k", "quick"));
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.accepted.variant(), "quick");
  EXPECT_EQ(answer.accepted.reason(), v1::LEVEL_REASON_ASKED);
  EXPECT_EQ(answer.summary.variant(), "quick");
  EXPECT_EQ(answer.file, expected.file);
  EXPECT_EQ(Ask(Named("k")).file, expected.file) << "the key's answer from now on";
}

TEST_F(SegmentRepeatOfALevel, GetsWhatIsKeptWhateverLevelItNames) {
  Start(options_);
  const Answer first = Ask(Named("k"));
  ASSERT_EQ(first.summary.variant(), "original");
  for (const char* level : {"original", "quick", "gone"}) {
    const Answer again = Ask(Resuming("k", level));
    ASSERT_TRUE(again.status.ok()) << again.status.error_message();
    EXPECT_EQ(again.file, first.file) << level;
    EXPECT_EQ(again.accepted.variant(), "original") << level;
  }
  EXPECT_EQ(patches(), 12);
}

TEST_F(SegmentRepeatOfALevel, WaitsForTheFirstWhateverLevelItNames) {
  Start(options_, /*open=*/false);
  Answer first;
  Answer second;
  std::jthread one([&] { first = Ask(Named("k")); });
  ASSERT_TRUE(held_->gate().WaitForPatch(1));
  std::jthread two([&] { second = Ask(Resuming("k", "quick")); });
  ASSERT_TRUE(WaitUntil([&] { return held_->served().parts().streams == 2; }));
  held_->gate().Open();
  one.join();
  two.join();
  ASSERT_TRUE(second.status.ok()) << second.status.error_message();
  EXPECT_EQ(second.file, first.file);
  EXPECT_EQ(patches(), 12);
}

TEST_F(SegmentRepeatOfALevel, IsRefusedRatherThanWorkedAtAnotherOne) {
  Start(options_);
  ExpectRefusal(Resuming("k", "gone"), grpc::NOT_FOUND, "header.resume_level = gone: must be one of original, quick (0.3)");
  v1::SegmentHeader other = Resuming("k", "quick");
  other.mutable_level()->set_name("original");
  ExpectRefusal(other, grpc::FAILED_PRECONDITION, "header.resume_level = quick: must be original, which the level asked for means now");
  EXPECT_EQ(patches(), 0);
  EXPECT_TRUE(Ask(Named("k")).status.ok()) << "nothing is kept of those that failed";
}

TEST_F(SegmentRepeatOfALevel, IsRefusedWhereTheLevelCannotBeLoaded) {
  disk_.SpoilWeights("quick");
  Start(options_);
  ExpectRefusal(Resuming("k", "quick"), grpc::FAILED_PRECONDITION, "header.resume_level = quick: could not be loaded: ");
}

TEST_F(SegmentRepeatOfALevel, HasItsPromisesKeptAsBefore) {
  Start(options_);
  held_->served().times().Expect({"tiny", "original"}, 10);
  v1::SegmentHeader accurate = Resuming("k", "quick");
  accurate.mutable_level()->mutable_automatic()->set_min_quality(0.95);
  ExpectRefusal(accurate, grpc::FAILED_PRECONDITION, "min_quality = 0.95: must be at most 0.91");
  v1::SegmentHeader soon = Resuming("k", "original");
  soon.mutable_level()->mutable_automatic()->mutable_max_latency()->set_seconds(60);
  ExpectRefusal(soon, grpc::DEADLINE_EXCEEDED, " s: must be at least 145 s (original on cpu)");
  soon.set_resume_level("quick");
  EXPECT_EQ(Ask(soon).summary.variant(), "quick");
}

TEST_F(SegmentRepeat, TakesNoMemoryFromRequests) {
  Start();
  Ask(Named("k"));
  EXPECT_TRUE(held_->served().BecomesIdle());
  EXPECT_GT(held_->served().results().bytes(), 0);
}

}  // namespace
}  // namespace tuckerseg
