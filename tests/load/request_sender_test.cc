/// Clients of every kind against a real server in this process.
#include "tests/load/request_sender.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <optional>
#include <utility>
#include <vector>

#include "tests/engine/volume/nifti_builder.h"
#include "tests/load/answer_book.h"
#include "tests/load/load_samples.h"
#include "tests/load/tally.h"
#include "tests/server/serve/held_model.h"

namespace tuckerseg::load {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A server whose worker waits before each patch until the gate opens.
class RequestSenderTest : public testing::Test {
 protected:
  RequestSender& Start(bool open) {
    held_.emplace(std::move(options_));
    if (open) held_->gate().Open();
    client_.emplace(held_->served().address());
    sender_.emplace(*client_, workload_, "tiny", volumes_, RequestSender::Clock::now());
    return *sender_;
  }
  PatchGate& gate() { return held_->gate(); }

  ServedOptions options_;
  Workload workload_ = SmallWorkload();
  const std::vector<VolumeFile> volumes_{{.name = "thorax", .share = 1, .bytes = NiftiBuilder().Shape({8, 8, 8}).Spacing({1, 1, 1}).Gzip()}};
  std::optional<HeldModel> held_;
  std::optional<Client> client_;
  std::optional<RequestSender> sender_;
};

TEST_F(RequestSenderTest, BringsTheAnswerOfTheIdleServer) {
  RequestSender& sender = Start(true);
  const UnloadedAnswer right = AskUnloaded(*client_, "tiny", volumes_.front(), "original");
  for (const ClientKind client : {ClientKind::kPlain, ClientKind::kSendsSlowly, ClientKind::kReadsSlowly}) {
    const RequestRecord record = sender.Send({.client = client, .client_s = 0.01});
    EXPECT_EQ(record.code, kOk) << record.message;
    EXPECT_TRUE(record.admitted);
    EXPECT_EQ(record.level, "original");
    EXPECT_EQ(record.reason, "only");
    EXPECT_TRUE(record.foretold_s);
    EXPECT_EQ(record.sha256, right.sha256);
    EXPECT_GE(record.ended_s, record.sent_s);
    EXPECT_EQ(record.read_pauses_s > 0, client == ClientKind::kReadsSlowly);
  }
}

TEST_F(RequestSenderTest, SlowClientsTakeAsLongAsTheirPauses) {
  RequestSender& sender = Start(true);
  const RequestRecord sends = sender.Send({.client = ClientKind::kSendsSlowly, .client_s = 0.05});
  EXPECT_GE(sends.ended_s - sends.sent_s, 0.2) << "four pieces";
  const RequestRecord reads = sender.Send({.client = ClientKind::kReadsSlowly, .client_s = 0.05});
  EXPECT_GE(reads.ended_s - reads.sent_s, reads.read_pauses_s);
  EXPECT_GE(reads.read_pauses_s, 0.1) << "the header of the label map, and at least one piece";
}

TEST_F(RequestSenderTest, CancelsForAClientThatVanishes) {
  RequestSender& sender = Start(false);
  const RequestRecord record = sender.Send({.client = ClientKind::kVanishes, .client_s = 0.2});
  EXPECT_EQ(record.code, "CANCELLED");
  EXPECT_GE(record.ended_s - record.sent_s, 0.2);
  gate().Open();
  EXPECT_TRUE(held_->served().BecomesIdle()) << "its server stops the work";
}

TEST_F(RequestSenderTest, SaysThatItGaveUpWhatDidNotEnd) {
  Start(false);
  RequestSender impatient(*client_, workload_, "tiny", volumes_, RequestSender::Clock::now(), std::chrono::milliseconds(200));
  const RequestRecord record = impatient.Send({});
  EXPECT_EQ(record.code, "CANCELLED");
  EXPECT_EQ(record.message, "given up by the generator after 0.2 s without an end");
  EXPECT_EQ(TallyOf(std::vector{record}, workload_, SmallBook(), SmallLevels()).unexpected, 1);
  EXPECT_THAT(impatient.Send({.client = ClientKind::kVanishes, .client_s = 0.1}).message, Not(HasSubstr("given up"))) << "its client has gone";
  gate().Open();
}

TEST_F(RequestSenderTest, CountsTheDeadlineFromWhenTheRequestWasDue) {
  RequestSender& sender = Start(false);
  // Due two seconds before the sender was made: half of its time is over.
  const RequestRecord record = sender.Send({.at_s = -2, .deadline_s = 4});
  EXPECT_EQ(record.code, "DEADLINE_EXCEEDED");
  EXPECT_TRUE(record.admitted);
  EXPECT_LT(record.ended_s - record.sent_s, 4);
  EXPECT_FALSE(record.in_time());
}

TEST_F(RequestSenderTest, DoesNotSendWhatIsTooLateAlready) {
  const RequestRecord record = Start(false).Send({.at_s = -2, .deadline_s = 1});
  EXPECT_EQ(record.code, kNotSent);
  EXPECT_FALSE(record.sent());
  EXPECT_FALSE(record.in_time());
}

TEST_F(RequestSenderTest, KeepsTheHintOfARefusal) {
  options_.config.queue_capacity = 1;
  RequestSender& sender = Start(false);
  auto first = std::async(std::launch::async, [&] { return sender.Send({}); });
  EXPECT_TRUE(gate().WaitForPatch(1));
  const RequestRecord refused = sender.Send({});
  EXPECT_EQ(refused.code, "RESOURCE_EXHAUSTED");
  EXPECT_FALSE(refused.admitted);
  EXPECT_GT(refused.retry_after_s.value_or(0), 0);
  EXPECT_THAT(refused.message, HasSubstr("queue"));
  gate().Open();
  EXPECT_EQ(first.get().code, kOk);
}

TEST_F(RequestSenderTest, AsksWhatTheWorkloadWishes) {
  const v1::SegmentHeader automatic = HeaderOf({.level = "auto", .min_quality = 0.9, .max_latency_s = 2.5}, "demo");
  EXPECT_EQ(automatic.task(), "demo");
  EXPECT_EQ(automatic.level().automatic().min_quality(), 0.9);
  EXPECT_EQ(automatic.level().automatic().max_latency().seconds(), 2);
  EXPECT_EQ(automatic.level().automatic().max_latency().nanos(), 500'000'000);
  EXPECT_FALSE(HeaderOf({.level = "auto"}, "demo").level().automatic().has_max_latency());
  EXPECT_EQ(HeaderOf({.level = "quick"}, "demo").level().name(), "quick");
}

}  // namespace
}  // namespace tuckerseg::load
