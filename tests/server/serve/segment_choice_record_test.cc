/// What a server records of the levels that it chooses, and what it does not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "server/observe/choice_log.h"
#include "server/policy/choice_replay.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/server/serve/held_model.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/variants/tiny_variants.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;
using testing::Not;

/// An original whose patch is expected to take ten seconds, and a level at a microsecond.
class SegmentChoiceRecord : public testing::Test {
 protected:
  /// `devices`: none: one on the host.
  explicit SegmentChoiceRecord(bool open = true, std::vector<DeviceSettings> devices = {}) {
    if (open) gate_.Open();
    disk_.Add("quick", {{"quick", 0.3, true, 1}}, 11, TinyCard("quick", 0.93, 0.91));
    ServedOptions options;
    options.models = disk_.models();
    options.executor = gate_.Before(options.executor);
    options.config.allow_phantom_quality = true;
    options.config.devices = std::move(devices);
    log_.emplace(file_, int64_t{1} << 20);
    options.choices = &*log_;
    served_.emplace(std::move(options));
    served_->times().Expect({"tiny", "original"}, 10);
  }

  grpc::Status Ask(const v1::SegmentHeader& header) { return Segment(served_->channel(), ct_, header).status; }

  static v1::SegmentHeader Within(int64_t seconds) {
    v1::SegmentHeader header;
    header.mutable_level()->mutable_automatic()->mutable_max_latency()->set_seconds(seconds);
    return header;
  }

  /// All that the file holds, once the calls are over and the log is closed.
  std::string Text() {
    EXPECT_TRUE(served_->BecomesIdle());
    served_.reset();
    log_.reset();
    return FileText(file_);
  }
  std::vector<ChoiceRecord> Records() {
    std::istringstream text(Text());
    std::vector<ChoiceRecord> records;
    for (std::string line; std::getline(text, line);) records.push_back(ParseChoice(line));
    return records;
  }

  const ModelOnDisk disk_{TinyServedBundle()};
  const TemporaryDirectory folder_;
  const std::string file_ = folder_.path() / "choices.jsonl";
  const std::vector<std::byte> ct_ = SmallCt().Bytes();
  PatchGate gate_;                // before the server, whose patches pass it
  std::optional<ChoiceLog> log_;  // before the server, whose calls use it
  std::optional<ServedModel> served_;
};

TEST_F(SegmentChoiceRecord, HoldsTheOffersAndWhatWasChosen) {
  std::map<std::string, int64_t> weights;  // are there, and stay
  for (const ServedLevel& level : served_->view()->Find("tiny").levels) weights[level.name] = level.weight_bytes;
  EXPECT_TRUE(Ask(Within(60)).ok());
  const std::vector<ChoiceRecord> records = Records();
  ASSERT_EQ(records.size(), 1U);
  const ChoiceRecord& record = records[0];
  EXPECT_EQ(record.task, "tiny");
  EXPECT_EQ(record.promises.max_latency_s, 60);
  EXPECT_FALSE(record.promises.deadline_s);
  EXPECT_EQ(record.settings, (PolicySettings{.min_quality = 0, .deadline_margin = 0.2}));
  EXPECT_EQ(record.held_bytes, 13 * 9 * 11 * 2) << "the volume's voxels";
  ASSERT_EQ(record.offers.size(), 2U);
  for (const LevelOffer& offer : record.offers) {
    EXPECT_EQ(offer.device, "cpu");
    EXPECT_GT(offer.needed_bytes, 0);
    EXPECT_EQ(offer.device_bytes + record.held_bytes + weights.at(offer.level), int64_t{1} << 30);
    EXPECT_EQ(offer.limit_bytes, int64_t{1} << 30);
    EXPECT_EQ(offer.available_bytes, offer.device_bytes) << "nobody else is there";
    EXPECT_FALSE(offer.queue_full);
  }
  ASSERT_TRUE(record.verdict.offer);
  EXPECT_EQ(record.offers[*record.verdict.offer].level, "quick");
  EXPECT_EQ(record.verdict.reason, LevelReason::kDeadline);
  EXPECT_EQ(ChooseOffer(record.promises, record.offers, record.settings).offer, record.verdict.offer) << "it can be replayed";
}

TEST_F(SegmentChoiceRecord, CanBeReplayedWithTheMemoryThatThereWas) {
  EXPECT_TRUE(Ask(Within(60)).ok());
  const std::vector<ChoiceRecord> records = Records();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(OffersUnder(records[0], {.device_memory_bytes = {{"cpu", int64_t{1} << 30}}}), records[0].offers);
}

/// The same on a device whose own memory is short, and which a level has been loaded onto by name.
class SegmentChoiceRecordOnAGpu : public SegmentChoiceRecord {
 protected:
  static constexpr int64_t kGpuBytes = 100'000'000;
  SegmentChoiceRecordOnAGpu() : SegmentChoiceRecord(/*open=*/true, {{.name = "gpu", .device = "cuda:0", .memory_limit_bytes = kGpuBytes}}) {
    const auto view = served_->view();
    served_->catalogue().Load(view->Find("tiny").original(), {});
  }
};

TEST_F(SegmentChoiceRecordOnAGpu, CanBeReplayedWithTheMemoryThatThereWas) {
  EXPECT_TRUE(Ask({}).ok());
  const std::vector<ChoiceRecord> records = Records();
  ASSERT_EQ(records.size(), 1U);
  ASSERT_EQ(records[0].offers.size(), 2U);
  for (const LevelOffer& offer : records[0].offers) {
    EXPECT_EQ(offer.limit_bytes, kGpuBytes);
    EXPECT_LT(offer.device_bytes, kGpuBytes) << "weights stay there";
  }
  EXPECT_EQ(OffersUnder(records[0], {.device_memory_bytes = {{"gpu", kGpuBytes}}}), records[0].offers);
}

/// The same where the host's memory is short.
class SegmentChoiceRecordBesideALargeGpu : public SegmentChoiceRecord {
 protected:
  SegmentChoiceRecordBesideALargeGpu() : SegmentChoiceRecord(/*open=*/true, {{.name = "gpu", .device = "cuda:0", .memory_limit_bytes = int64_t{8} << 30}}) {}
};

TEST_F(SegmentChoiceRecordBesideALargeGpu, DoesNotTakeTheHostsMemoryForTheDevices) {
  EXPECT_TRUE(Ask({}).ok());
  const std::vector<ChoiceRecord> records = Records();
  ASSERT_EQ(records.size(), 1U);
  for (const LevelOffer& offer : records[0].offers) EXPECT_FALSE(offer.limit_bytes);
  ExpectError(ErrorCode::kInvalidArgument, "limit_bytes: missing", [&] { OffersUnder(records[0], {.device_memory_bytes = {{"gpu", int64_t{8} << 30}}}); });
}

/// The same, whose first patch waits.
class SegmentChoiceRecordOfTwo : public SegmentChoiceRecord {
 protected:
  SegmentChoiceRecordOfTwo() : SegmentChoiceRecord(/*open=*/false) {}
};

TEST_F(SegmentChoiceRecordOfTwo, HoldsWhatIsLeftOfALatencyOnceTheCallHasWaited) {
  // Of two calls with one key the second waits for the first, and does the work when that has gone.
  const auto named = [](int64_t seconds) {
    v1::SegmentHeader header = Within(seconds);
    header.set_idempotency_key("k");
    return header;
  };
  SegmentConversation first(served_->channel());
  first.SendHeader(named(600));
  first.SendFile(ct_);
  ASSERT_TRUE(gate_.WaitForPatch(1));
  grpc::Status second;
  std::jthread waiting([&] { second = Ask(named(600)); });
  ASSERT_TRUE(WaitUntil([&] { return served_->parts().streams == 2; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  first.Cancel();
  first.Finish();
  gate_.Open();
  waiting.join();
  EXPECT_TRUE(second.ok()) << second.error_message();
  const std::vector<ChoiceRecord> records = Records();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_GE(records[0].promises.max_latency_s, 599);
  EXPECT_LE(records[1].promises.max_latency_s, 598);
}

TEST_F(SegmentChoiceRecord, HoldsARefusal) {
  v1::SegmentHeader header = Within(60);
  header.mutable_level()->mutable_automatic()->set_min_quality(0.95);
  EXPECT_EQ(Ask(header).error_code(), grpc::DEADLINE_EXCEEDED);
  const std::vector<ChoiceRecord> records = Records();
  ASSERT_EQ(records.size(), 1U);
  ASSERT_TRUE(records[0].verdict.refusal);
  EXPECT_EQ(records[0].verdict.refusal->reason, LevelReason::kDeadline);
  EXPECT_EQ(records[0].promises.min_quality, 0.95);
}

TEST_F(SegmentChoiceRecord, IsNotMadeOfAVolumeThatIsRefusedAtItsHeader) {
  v1::SegmentHeader header;
  header.mutable_level()->mutable_automatic()->set_max_memory_bytes(1);
  EXPECT_EQ(Ask(header).error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_EQ(Text(), "");
}

TEST_F(SegmentChoiceRecord, IsNotMadeWhereTheClientNamesTheLevel) {
  v1::SegmentHeader header;
  header.mutable_level()->set_name("quick");
  EXPECT_TRUE(Ask(header).ok());
  EXPECT_EQ(Text(), "");
}

TEST_F(SegmentChoiceRecord, HoldsNoneOfTheClientsWords) {
  v1::SegmentHeader header = Within(600);  // for the original: no card says how well others draw one structure
  header.set_idempotency_key("canary-key");
  header.add_structures("structure_2");
  EXPECT_TRUE(Ask(header).ok());
  header.set_task("canary-task");
  EXPECT_FALSE(Ask(header).ok());
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("\"task\":\"tiny\""));
  EXPECT_THAT(text, Not(HasSubstr("canary")));
  EXPECT_THAT(text, Not(HasSubstr("structure")));
}

TEST_F(SegmentChoiceRecord, FailsNoRequestWhereItCannotBeWritten) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  log_.emplace("/dev/full", int64_t{1} << 20);
  EXPECT_TRUE(Ask(Within(60)).ok());
  EXPECT_TRUE(WaitUntil([&] { return log_->lost() == 1; }));
}

}  // namespace
}  // namespace tuckerseg
