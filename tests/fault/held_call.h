/// A call of Segment that a real server in this process is held at, in the stage that a test chooses.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "server/serve/stage_clock.h"
#include "tests/fault/hold.h"
#include "tests/fault/large_allocations.h"
#include "tests/fault/one_patch_model.h"
#include "tests/fault/patch_watch.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/served_model.h"

namespace tuckerseg {

/// For the names of tests.
inline std::string NameOf(CallStage stage) { return kCallStageNames[static_cast<size_t>(stage)]; }

inline constexpr CallStage kAllCallStages[] = {CallStage::kReceive, CallStage::kDecode,      CallStage::kQueue,  CallStage::kPreprocess,
                                               CallStage::kInfer,   CallStage::kPostprocess, CallStage::kEncode, CallStage::kSend};

/// Nothing below it is counted: gRPC and protobuf allocate less at once for this volume's chunks.
inline constexpr size_t kLargeBytes = 20'000;

class HeldCall {
 public:
  using SystemClock = std::chrono::system_clock;

  /// `stall_clock`: ServedOptions::stall_clock.
  explicit HeldCall(CallStage stage, const StallWatch::Now& stall_clock = StallWatch::Clock::now)
      : stage_(stage), ct_(stage == CallStage::kSend ? LargeCt() : OnePatchCt()), served_(Options(stage, watch_, stall_clock)) {
    LargeAllocations::PassThisThread();
    // What is made once (connections, the log) is made here; and what the answer has to be is known.
    const Answer whole = Segment(served_.channel(), ct_, header_, kChunkBytes);
    EXPECT_TRUE(whole.status.ok()) << whole.status.error_message();
    label_map_ = whole.file;
    EXPECT_TRUE(served_.BecomesIdle());
  }
  ~HeldCall() { LetGo(); }
  HeldCall(const HeldCall&) = delete;
  HeldCall& operator=(const HeldCall&) = delete;

  /// Begins the call, which has to end by `deadline`. True once the server is held in the stage, and, where it can tell its clients of the stage, has done so.
  bool Begin(SystemClock::time_point deadline = SystemClock::time_point::max()) {
    auto channel = served_.NarrowChannel();
    if (!channel->WaitForConnected(SystemClock::now() + kLimit)) return false;
    if (stage_ == CallStage::kQueue && !BlockTheWorker()) return false;
    Arm();
    conversation_.emplace(channel, deadline);
    if (!conversation_->SendHeader(header_)) return false;
    return stage_ == CallStage::kReceive || stage_ == CallStage::kDecode ? HoldsWhileItReceives() : HoldsAfterwards();
  }

  SegmentConversation& conversation() { return *conversation_; }
  /// Before Begin(): what its client may send again by.
  void SetKey(const std::string& key) { header_.set_idempotency_key(key); }
  /// The same request from the same client, once more.
  Answer Again() { return Segment(served_.NewChannel(), ct_, header_, kChunkBytes); }
  /// The client goes without a word: stream, context and connection.
  void Vanish() { conversation_.reset(); }

  /// Whether the call's own thread is what is held, or waits for what is held to end: it is not over before LetGo().
  bool holds_the_calls_thread() const { return stage_ == CallStage::kDecode || stage_ == CallStage::kEncode; }
  /// True once no call but the one that was before it in the queue holds a stream.
  bool StreamGoes() {
    return WaitUntil([this] { return served_.parts().streams == (blocker_ ? 1 : 0); });
  }

  /// Lets the server go on, for good.
  void LetGo() {
    hold_.Release();
    LargeAllocations::Disarm();
    if (!blocker_) return;
    const Answer answer = blocker_->Finish();
    EXPECT_TRUE(answer.status.ok()) << "the call that was before it: " << answer.status.error_message();
    blocker_.reset();
  }

  /// A whole call of another client.
  void ExpectThatTheNextIsServed() {
    const Answer next = Segment(served_.NewChannel(), ct_, header_, kChunkBytes);
    EXPECT_TRUE(next.status.ok()) << next.status.error_message();
    EXPECT_EQ(next.file, label_map_);
  }

  ServedModel& served() { return served_; }

 private:
  /// Below kLargeBytes with all that lies around it; the large volume is compressed, and a few of them.
  static constexpr size_t kChunkBytes = 4000;

  static ServedOptions Options(CallStage stage, PatchWatch& watch, const StallWatch::Now& stall_clock) {
    ServedOptions options;
    options.stall_clock = stall_clock;
    options.bundles = {OnePatchBundle(stage == CallStage::kSend ? kLargePatch : kSmallPatch)};
    options.executor = watch.Over(options.executor);
    return options;
  }

  bool BlockTheWorker() {
    watch_.AfterPatch([this] { hold_.Wait(); });
    blocker_.emplace(served_.NewChannel());
    if (blocker_->SendHeader(header_)) blocker_->SendFile(ct_, kChunkBytes);
    return hold_.IsReached();
  }

  /// Says where the server is to be held. The numbers are of kSmallShape: 16 bits a voxel as sent, 32 as the network reads it, 16 as a label.
  void Arm() {
    constexpr auto kImageBytes = static_cast<size_t>(Voxels(kSmallShape)) * sizeof(float);
    constexpr size_t kCountBytes = 65536 * sizeof(uint64_t);  // voxels of every label, which the answer's thread counts first
    switch (stage_) {
      case CallStage::kDecode: return LargeAllocations::HoldNext(kLargeBytes, hold_);      // room for the voxels
      case CallStage::kPreprocess: return LargeAllocations::HoldNext(kImageBytes, hold_);  // the image as float32
      case CallStage::kInfer: return watch_.AfterPatch([this] { hold_.Wait(); });
      // The only patch is the last one: what comes next is the label map on the input's grid, or the count.
      case CallStage::kPostprocess: return watch_.AfterPatch([this] { LargeAllocations::HoldNext(kLargeBytes, hold_); });
      case CallStage::kEncode: return watch_.AfterPatch([this] { LargeAllocations::HoldNext(kCountBytes, hold_); });
      default: return;
    }
  }

  bool HoldsWhileItReceives() {
    if (!conversation_->SendChunk(std::span(ct_).first(kChunkBytes))) return false;
    if (stage_ == CallStage::kDecode) return hold_.IsReached();
    return WaitUntil([this] { return served_.memory().reserved_bytes() > 0; });
  }

  bool HoldsAfterwards() {
    conversation_->SendFile(ct_, kChunkBytes);
    switch (stage_) {
      case CallStage::kQueue: return Read("a");
      case CallStage::kPreprocess: return hold_.IsReached() && ReadProgressOf(v1::STAGE_PREPROCESS);
      case CallStage::kInfer: return hold_.IsReached() && ReadProgressOf(v1::STAGE_INFER);
      case CallStage::kPostprocess: return hold_.IsReached() && ReadProgressOf(v1::STAGE_POSTPROCESS);
      case CallStage::kSend: return Read("h");  // and no further
      default: return hold_.IsReached();
    }
  }
  bool Read(const char* message) {
    while (conversation_->answer().order.find(message) == std::string::npos)
      if (!conversation_->ReadOne()) return false;
    return true;
  }
  bool ReadProgressOf(v1::Stage stage) {
    const auto& told = conversation_->answer().progress;
    while (told.empty() || told.back().stage() != stage)
      if (!conversation_->ReadOne()) return false;
    return true;
  }

  const CallStage stage_;
  v1::SegmentHeader header_ = Uncompressed();
  const std::vector<std::byte> ct_;
  std::vector<std::byte> label_map_;
  Hold hold_;          // before the server, whose threads wait at it
  PatchWatch watch_;   // likewise
  ServedModel served_;
  std::optional<SegmentConversation> blocker_;  // the call that runs while another one waits
  std::optional<SegmentConversation> conversation_;
};

}  // namespace tuckerseg
