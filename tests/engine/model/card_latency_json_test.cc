#include "engine/model/card_latency_json.h"

#include <gmock/gmock.h>

#include <string>

#include "tests/engine/model/card_samples.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

CardVolumeLatency Sample() { return FullCard().volume_latency.front(); }
CardVolumeLatency Parse(const Json& json) { return ParseCardVolumeLatency(JsonField(json, "entry")); }

/// Refused with the message once `key` has that value.
void ExpectRefused(const std::string& key, const Json& value, const std::string& message) {
  SCOPED_TRACE(message);
  Json json = CardVolumeLatencyJson(Sample());
  json[key] = value;
  ExpectError(ErrorCode::kInvalidArgument, message, [&] { Parse(json); });
}

TEST(CardLatencyJson, IsTheSameAfterWritingAndReading) {
  const CardLatency latency = FullCard().latency.front();
  const Json json = CardLatencyJson(latency);
  EXPECT_EQ(ParseCardLatency(JsonField(json, "entry")), latency);
}

TEST(CardVolumeLatencyJson, HasTheFieldsThatOthersRead) {
  EXPECT_EQ(CardVolumeLatencyJson(Sample()), Json::parse(R"({"device": "cpu", "executor": "torch", "precision": "fp32", "threads": 4,
    "shape": [512, 512, 300], "spacing_mm": [0.78, 0.78, 1.5], "patches": 36, "seconds": 30.5, "peak_bytes": 2000})"));
}

TEST(CardVolumeLatencyJson, IsTheSameAfterWritingAndReading) {
  EXPECT_EQ(Parse(CardVolumeLatencyJson(Sample())), Sample());
  CardVolumeLatency sparse = Sample();
  sparse.patches.reset();
  sparse.peak_bytes.reset();
  const Json json = CardVolumeLatencyJson(sparse);
  EXPECT_FALSE(json.contains("patches")) << "not counted";
  EXPECT_TRUE(json.at("peak_bytes").is_null()) << "asked, and there is none";
  EXPECT_EQ(Parse(json), sparse);
}

TEST(CardVolumeLatencyJson, RefusesAnEntryWithoutWhatItWasMeasuredOnOrWhatWasMeasured) {
  for (const char* key : {"device", "executor", "precision", "threads", "shape", "spacing_mm", "seconds"}) {
    Json json = CardVolumeLatencyJson(Sample());
    json.erase(key);
    ExpectError(ErrorCode::kInvalidArgument, "entry." + std::string(key) + ": missing", [&] { Parse(json); });
  }
}

TEST(CardVolumeLatencyJson, RefusesWhatIsNoneAndNamesTheField) {
  ExpectRefused("device", 3, "entry.device = 3: must be a string");
  ExpectRefused("executor", nullptr, "entry.executor = null: must be a string");
  ExpectRefused("precision", 32, "entry.precision = 32: must be a string");
  ExpectRefused("threads", 0, "entry.threads = 0: must be a whole number in [1, 65536]");
  ExpectRefused("shape", Json{512, 512}, "entry.shape = [512,512]: must have three entries");
  ExpectRefused("shape", Json{512, 0, 300}, "entry.shape[1] = 0: must be a whole number in [1, 4096]");
  ExpectRefused("spacing_mm", Json::array({0.5}), "entry.spacing_mm = [0.5]: must have three entries");
  ExpectRefused("spacing_mm", Json{0.5, 0.5, 0}, "entry.spacing_mm[2] = 0: must be above 0 mm");
  ExpectRefused("patches", -1, "entry.patches = -1: must be a whole number in [0, 9007199254740992]");
  ExpectRefused("patches", nullptr, "entry.patches = null: must be a finite number");
  ExpectRefused("seconds", -0.5, "entry.seconds = -0.5: must be at least 0");
  ExpectRefused("seconds", "long", "entry.seconds = \"long\": must be a finite number");
  ExpectRefused("peak_bytes", 0.5, "entry.peak_bytes = 0.5: must be a whole number in [0, 9007199254740992]");
}

}  // namespace
}  // namespace tuckerseg
