/// Three devices of different sizes behind one server: the same request gets the most accurate level that the largest free one has room for, and the client
/// and the metrics are told which, where and why.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "engine/model/card.h"
#include "engine/segment/memory_plan.h"
#include "engine/volume/nifti_reader.h"
#include "server/variants/described_bundle.h"
#include "tests/server/serve/held_model.h"
#include "tests/server/serve/metric_page.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/variants/tiny_variants.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

/// Of a patch of 4 x 4 x 4 voxels; a volume has 120 of them.
struct MeasuredLevel {
  double quality = 0;
  double patch_s = 0;
  int64_t patch_bytes = 0;
};

std::string CardOf(const std::string& level, const MeasuredLevel& measured) {
  Card card = ParseCard(TinyCard(level, measured.quality, measured.quality));
  CardLatency& latency = card.latency.emplace_back();
  latency.device = "cpu Another";
  latency.executor = "torch";
  latency.precision = "fp32";
  latency.threads = 1;
  latency.patch = {4, 4, 4};
  latency.min_s = measured.patch_s;
  latency.median_s = measured.patch_s;
  latency.peak_bytes = measured.patch_bytes;
  return EncodeCard(card);
}

/// What becomes of a request.
struct Served {
  std::string level;
  std::string device;
  v1::LevelReason reason = v1::LEVEL_REASON_UNSPECIFIED;
  std::string reason_label;
};

/// A network most of whose memory is its weights, so that each level needs less than the one above it. By their cards the original takes two minutes for the volume, `middle` a
/// minute and a half, `smallest` half a minute; nothing is loaded, and nothing was measured here.
class SegmentThreeDevices : public testing::Test {
 protected:
  SegmentThreeDevices() {
    std::ofstream(disk_.bundle() / "card.json") << CardOf("original", {.quality = 1, .patch_s = 1, .patch_bytes = 300'000});
    disk_.Add("middle", {{"middle", 0.5, true, 8}}, 11, CardOf("middle", {.quality = 0.96, .patch_s = 0.8, .patch_bytes = 200'000}));
    disk_.Add("smallest", {{"smallest", 0.1, true, 1}}, 12, CardOf("smallest", {.quality = 0.91, .patch_s = 0.3, .patch_bytes = 100'000}));
    promise_.mutable_level()->mutable_automatic()->mutable_max_latency()->set_seconds(150);
  }

  /// Weights and work of a request at this level.
  int64_t RequestBytes(const std::string& level) const {
    for (const DescribedLevel& described : DescribeBundle(disk_.bundle(), false).levels) {
      if (described.level.name != level) continue;
      return described.level.weight_bytes + PredictPeakBytes(*described.level.model, ReadNifti(ct_).header.geometry, {.threads = 0});
    }
    throw Error(ErrorCode::kNotFound, level);
  }

  /// One has room for every level; each of the others is a byte short of the next level.
  std::vector<DeviceSettings> LargeMiddleAndSmall() const {
    return {{.name = "large"},
            {.name = "middle", .memory_limit_bytes = RequestBytes("original") - 1},
            {.name = "small", .memory_limit_bytes = RequestBytes("middle") - 1}};
  }
  ServedOptions With(std::vector<DeviceSettings> devices) const {
    ServedOptions options;
    options.models = disk_.models();
    options.load_at_start = false;
    options.patch_s = 1;  // of a level that a request has loaded: as the original's card says
    options.config.allow_phantom_quality = true;
    options.config.devices = std::move(devices);
    return options;
  }

  static void ExpectAccepted(const v1::Accepted& accepted, const Served& expected) {
    EXPECT_EQ(accepted.variant(), expected.level);
    EXPECT_EQ(accepted.device(), expected.device);
    EXPECT_EQ(accepted.reason(), expected.reason) << v1::LevelReason_Name(accepted.reason());
    EXPECT_EQ(accepted.queue_position(), 0U) << "the device is its own";
  }
  static void ExpectCounted(const std::string& page, const Served& expected) {
    EXPECT_THAT(page, HasSubstr(R"(tuckerseg_requests_total{code="OK",device=")" + expected.device + R"(",method="Segment",task="tiny",variant=")" + expected.level + "\"} 1\n"));
    EXPECT_THAT(page, HasSubstr(R"(tuckerseg_level_choices_total{reason=")" + expected.reason_label + R"(",task="tiny",variant=")" + expected.level + "\"} 1\n"));
    EXPECT_THAT(page, HasSubstr(R"(tuckerseg_patch_duration_seconds_count{device=")" + expected.device + R"(",variant=")" + expected.level + "\"} 120\n"));
    EXPECT_THAT(page, HasSubstr(R"(tuckerseg_variant_loaded{device=")" + expected.device + R"(",model="tiny",variant=")" + expected.level + "\"} 1\n"));
  }
  /// How many series of a name the page has.
  static std::ptrdiff_t CountSeries(const std::string& page, const std::string& name) {
    const std::set<std::string> series = SeriesOf(page);
    return std::count_if(series.begin(), series.end(), [&name](const std::string& one) { return one.starts_with(name + "{"); });
  }

  const ModelOnDisk disk_{TinyBundle(TinyUnet(16, 4), {4, 4, 4}, 5)};
  const std::vector<std::byte> ct_ = SmallCt().Bytes();
  v1::SegmentHeader promise_;
};

TEST_F(SegmentThreeDevices, GiveTheSameRequestALowerLevelForEachThatIsBusy) {
  ASSERT_GT(RequestBytes("original"), RequestBytes("middle"));
  ASSERT_GT(RequestBytes("middle"), RequestBytes("smallest"));
  // With the margin of a fifth the original takes 144 s of the 150: behind another request no level would end in time on `large`, nor `middle` on the device of that name. `smallest`
  // ends earlier on the device that is free.
  const std::vector<Served> in_turn{{"original", "large", v1::LEVEL_REASON_QUALITY, "quality"},
                                    {"middle", "middle", v1::LEVEL_REASON_QUEUE, "queue"},
                                    {"smallest", "small", v1::LEVEL_REASON_QUEUE, "queue"}};
  HeldModel held(With(LargeMiddleAndSmall()));
  std::vector<std::unique_ptr<SegmentConversation>> calls;
  for (const Served& expected : in_turn) {
    SCOPED_TRACE(expected.device);
    SegmentConversation& call = *calls.emplace_back(std::make_unique<SegmentConversation>(held.served().channel()));
    call.SendHeader(promise_);
    call.SendFile(ct_);
    ASSERT_TRUE(call.ReadOne()) << call.Finish().status.error_message();
    ExpectAccepted(call.answer().accepted, expected);
    ASSERT_TRUE(held.gate().WaitForPatch(static_cast<int>(calls.size()))) << "it runs, and stands still";
  }
  const std::string busy = held.served().metrics().Text();
  for (const Served& expected : in_turn) EXPECT_THAT(busy, HasSubstr("tuckerseg_requests_in_flight{device=\"" + expected.device + "\"} 1\n"));

  held.gate().Open();
  for (size_t i = 0; i < calls.size(); ++i) {
    const Answer answer = calls[i]->Finish();
    EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
    EXPECT_EQ(answer.summary.variant(), in_turn[i].level);
    EXPECT_EQ(answer.order.find('a', 1), std::string::npos) << "what was foretold has run";
  }
  ASSERT_TRUE(held.served().BecomesIdle());
  const std::string page = held.served().metrics().Text();
  for (const Served& expected : in_turn) ExpectCounted(page, expected);
  EXPECT_EQ(CountSeries(page, "tuckerseg_requests_total"), 3);
  EXPECT_EQ(CountSeries(page, "tuckerseg_level_choices_total"), 3);
}

TEST_F(SegmentThreeDevices, GiveItEachByItselfTheMostAccurateLevelThatTheyHaveRoomFor) {
  const std::vector<DeviceSettings> devices = LargeMiddleAndSmall();
  const std::vector<Served> alone{{"original", "large", v1::LEVEL_REASON_QUALITY, "quality"},
                                  {"middle", "middle", v1::LEVEL_REASON_MEMORY, "memory"},
                                  {"smallest", "small", v1::LEVEL_REASON_MEMORY, "memory"}};
  for (size_t i = 0; i < alone.size(); ++i) {
    SCOPED_TRACE(alone[i].device);
    ServedModel served(With({devices[i]}));
    const Answer answer = Segment(served.channel(), ct_, promise_);
    ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
    ExpectAccepted(answer.accepted, alone[i]);
    ASSERT_TRUE(served.BecomesIdle());
    ExpectCounted(served.metrics().Text(), alone[i]);
  }
}

}  // namespace
}  // namespace tuckerseg
