/// Where a request's time went: the stages that are told sum to what the request took, as its client's watch has it and as the log says, within 2 %.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/fault/patch_watch.h"
#include "tests/fault/sanitized.h"
#include "tests/server/serve/inference_client.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/served_model.h"

namespace tuckerseg {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// The sanitizers slow down what lies between a client's watch and the server's.
constexpr double kTolerance = kSanitized ? 0.1 : 0.02;

double SecondsSince(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

/// Twelve patches of 80 ms: a request of a second.
class StageTimes : public testing::Test {
 protected:
  explicit StageTimes(bool overlap = false) : served_(Options(watch_, overlap)) {
    EXPECT_TRUE(Segment(served_.channel(), ct_).status.ok()) << "connected, and the log is there";
    EXPECT_TRUE(served_.BecomesIdle());
  }

  /// A client that takes a moment between its chunks.
  Answer SendSlowly() {
    SegmentConversation conversation(served_.channel());
    conversation.SendHeader({});
    constexpr size_t kPieces = 4;
    const size_t piece = ct_.size() / kPieces;
    for (size_t i = 0; i < kPieces; ++i) {
      std::this_thread::sleep_for(milliseconds(50));
      conversation.SendChunk(std::span(ct_).subspan(i * piece, i + 1 < kPieces ? piece : ct_.size() - i * piece));
    }
    conversation.HalfClose();
    return conversation.Finish();
  }

  /// The line of the one call that is made.
  nlohmann::json Logged(const std::function<void()>& call) {
    testing::internal::CaptureStdout();
    call();
    EXPECT_TRUE(served_.BecomesIdle());
    std::istringstream text(testing::internal::GetCapturedStdout());
    std::string line;
    while (std::getline(text, line)) {
      auto json = nlohmann::json::parse(line);
      if (json.at("event") == "segment") return json;
    }
    ADD_FAILURE() << "the call has no line";
    return {};
  }

  /// A request that waits while another one's patches run: its client's wait is that of its stages, and about half of it is the queue's. Returns what was answered.
  Answer ExpectThatHalfOfItIsTheQueues() {
    std::jthread first([&] { EXPECT_TRUE(Segment(served_.NewChannel(), ct_).status.ok()); });
    EXPECT_TRUE(WaitUntil([&] { return served_.queue().running() == 1; }));
    const auto begin = Clock::now();
    Answer second = Segment(served_.channel(), ct_);
    const double waited_s = SecondsSince(begin);
    EXPECT_TRUE(second.status.ok()) << second.status.error_message();
    double sum_s = 0;
    double queue_s = 0;
    for (const v1::StageTime& time : second.summary.stages()) {
      sum_s += time.seconds();
      if (time.stage() == v1::STAGE_QUEUE) queue_s = time.seconds();
    }
    EXPECT_NEAR(sum_s, waited_s, kTolerance * waited_s);
    EXPECT_GT(queue_s, 0.3 * waited_s);
    return second;
  }

  static ServedOptions Options(PatchWatch& watch, bool overlap) {
    watch.AfterPatch([] { std::this_thread::sleep_for(milliseconds(80)); });
    ServedOptions options;
    options.config.devices = {{.overlap = overlap}};
    options.executor = watch.Over(options.executor);
    return options;
  }

  const std::vector<std::byte> ct_ = SmallCt().Bytes();
  PatchWatch watch_;
  ServedModel served_;
};

void ExpectThatStagesSumUp(const nlohmann::json& line) {
  double sum_s = 0;
  for (const auto& [stage, seconds] : line.at("stages").items()) {
    EXPECT_GE(seconds.get<double>(), -1e-9) << stage;
    sum_s += seconds.get<double>();
  }
  const double seconds = line.at("seconds");
  EXPECT_NEAR(sum_s, seconds, 0.02 * seconds) << line.dump();
}

TEST_F(StageTimes, OfTheSummarySumToWhatTheClientHasWaited) {
  // The share of the wait by which both differ: the least of three, as a client that wakes up late on a busy machine has waited for no stage.
  double least = 1;
  for (int time = 0; time < 3 && least > kTolerance; ++time) {
    const auto begin = Clock::now();
    const Answer answer = SendSlowly();
    const double waited_s = SecondsSince(begin);
    ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
    double sum_s = 0;
    for (const v1::StageTime& stage : answer.summary.stages()) sum_s += stage.seconds();
    EXPECT_GT(waited_s, 1);
    least = std::min(least, std::abs(sum_s - waited_s) / waited_s);
  }
  EXPECT_LE(least, kTolerance);
}

TEST_F(StageTimes, OfTheLogSumToTheRequestWhateverBecomesOfIt) {
  ExpectThatStagesSumUp(Logged([&] { EXPECT_TRUE(SendSlowly().status.ok()); }));
  ExpectThatStagesSumUp(Logged([&] { EXPECT_TRUE(Infer(served_.channel(), RawRequest(kDhw, RandomVoxels<int16_t>())).status.ok()); }));
  ExpectThatStagesSumUp(Logged([&] {
    SegmentConversation conversation(served_.channel());
    conversation.SendHeader({});
    conversation.SendFile(ct_);
    while (conversation.answer().progress.empty() || conversation.answer().progress.back().patches_done() < 2) ASSERT_TRUE(conversation.ReadOne());
    conversation.Cancel();
    EXPECT_EQ(conversation.Finish().status.error_code(), grpc::CANCELLED);
  }));
  ExpectThatStagesSumUp(Logged([&] {
    SegmentConversation conversation(served_.channel(), std::chrono::system_clock::now() + milliseconds(500));
    conversation.SendHeader({});
    EXPECT_EQ(conversation.Finish().status.error_code(), grpc::DEADLINE_EXCEEDED) << "it never sent its volume";
  }));
}

TEST_F(StageTimes, OfAQueueAreThoseOfTheRequestThatWaited) { ExpectThatHalfOfItIsTheQueues(); }

/// Requests are prepared while others have the device.
class StageTimesOfTwo : public StageTimes {
 protected:
  StageTimesOfTwo() : StageTimes(true) {}
};

TEST_F(StageTimesOfTwo, CountAWaitForTheDeviceAsTheQueuesWhichWasToldAsPreprocessing) {
  const Answer answer = ExpectThatHalfOfItIsTheQueues();
  EXPECT_TRUE(std::any_of(answer.progress.begin(), answer.progress.end(), [](const v1::Progress& told) {
    return told.stage() == v1::STAGE_PREPROCESS && told.patches_done() == 0 && told.patches_total() == 12;
  })) << "it waited for the device, not for its turn";
}

}  // namespace
}  // namespace tuckerseg
