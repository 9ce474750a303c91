#include "compression/bench/card_latency.h"

#include <gmock/gmock.h>

#include "engine/error.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

Json Entry(double seconds, const std::string& device = "cpu Sample", int64_t threads = 2) {
  return LatencyEntry({device, "torch", "fp32", threads},
                      {"original", {8, 8, 8}, 1000, {.min_s = seconds, .median_s = seconds, .peak_bytes = 7}, {}});
}

TEST(LatencyEntry, HasTheFieldsOfACard) {
  EXPECT_EQ(Entry(0.5), Json::parse(R"({"device": "cpu Sample", "executor": "torch", "precision": "fp32", "threads": 2, "patch": [8, 8, 8],
                                        "min_s": 0.5, "median_s": 0.5, "peak_bytes": 7})"));
}

TEST(PutLatency, TakesThePlaceOfTheSameSettingAlone) {
  Json card = Json::object();
  PutLatency(card, Entry(1));
  PutLatency(card, Entry(2, "cpu Sample", 4));
  PutLatency(card, Entry(3, "cuda Sample"));
  PutLatency(card, Entry(4));
  EXPECT_EQ(card["latency"], Json::array({Entry(4), Entry(2, "cpu Sample", 4), Entry(3, "cuda Sample")}));
}

TEST(PutLatency, ChangesNothingElse) {
  Json card = Json::parse(R"({"z": [1, {"b": 2.5}], "latency": [{"odd": true}], "a": null})");
  PutLatency(card, Entry(1));
  EXPECT_EQ(card, Json::parse(R"({"z": [1, {"b": 2.5}], "latency": [{"odd": true}, )" + Entry(1).dump() + R"(], "a": null})"));
}

TEST(PutLatency, RefusesWhatIsNoCard) {
  Json list = Json::array(), odd = {{"latency", 3}};
  ExpectError(ErrorCode::kInvalidArgument, "card = []: must be an object", [&] { PutLatency(list, Entry(1)); });
  ExpectError(ErrorCode::kInvalidArgument, "card.latency = 3: must be a list", [&] { PutLatency(odd, Entry(1)); });
}

TEST(CostCard, SaysWhatAModelIsAndCosts) {
  Bundle bundle = TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1);
  bundle.model.provenance.weights_sha256 = "abc";
  const Json card = CostCard(bundle, kOriginal, nullptr, nullptr);
  EXPECT_EQ(card["variant"], "original");
  EXPECT_EQ(card["weights_sha256"], "abc");
  EXPECT_EQ(card["weight_bytes"], card["parameters"].get<int64_t>() * 4);
  EXPECT_EQ(card["data"]["cases"], 0);
  EXPECT_TRUE(card["level"].is_null());
}

class CardFileTest : public testing::Test {
 protected:
  Json Read() const { return Json::parse(FileText(folder_.path() / "card.json")); }
  void Put(const std::string& level, const Json& entry, const std::string& sha256 = "abc") const {
    CardFile card(folder_.path(), sha256);
    card.Put(level, {{"variant", level}, {"weights_sha256", "abc"}}, entry);
    card.Write();
  }
  const TemporaryDirectory folder_;
};

TEST_F(CardFileTest, BeginsWithTheFreshCard) {
  Put("original", Entry(1));
  EXPECT_EQ(Read(), (Json{{"variant", "original"}, {"weights_sha256", "abc"}, {"latency", Json::array({Entry(1)})}}));
}

TEST_F(CardFileTest, KeepsWhatTheCardSays) {
  folder_.Write("card.json", R"({"variant": "original", "weights_sha256": "abc", "dice_to_reference": {"mean": 0.9123}})");
  Put("original", Entry(1));
  EXPECT_EQ(Read()["dice_to_reference"]["mean"], 0.9123);
  EXPECT_EQ(Read()["latency"], Json::array({Entry(1)}));
}

TEST_F(CardFileTest, HoldsTheCardsOfSeveralLevels) {
  Put("large", Entry(1));
  Put("small", Entry(2));
  Put("large", Entry(3));
  const Json card = Read();
  ASSERT_EQ(card["levels"].size(), 2U);
  EXPECT_EQ(card["levels"][0]["latency"], Json::array({Entry(3)}));
  EXPECT_EQ(card["levels"][1]["variant"], "small");
  EXPECT_EQ(card["levels"][1]["latency"], Json::array({Entry(2)}));
}

TEST_F(CardFileTest, RefusesCardsOfOtherWeightsAndWhatIsNone) {
  folder_.Write("card.json", R"({"variant": "original", "weights_sha256": "other"})");
  ExpectError(ErrorCode::kFailedPrecondition, "card.weights_sha256: is of other weights", [&] { Put("original", Entry(1)); });
  folder_.Write("card.json", R"({"levels": [{"variant": "a", "weights_sha256": "other"}]})");
  ExpectError(ErrorCode::kFailedPrecondition, "card.levels[0].weights_sha256: is of other weights", [&] { Put("a", Entry(1)); });
  folder_.Write("card.json", "[]");
  ExpectError(ErrorCode::kInvalidArgument, "card = []: must be an object", [&] { Put("original", Entry(1)); });
  folder_.Write("card.json", "{}");
  ExpectError(ErrorCode::kInvalidArgument, "card.variant: missing", [&] { Put("original", Entry(1)); });
}

}  // namespace
}  // namespace tuckerseg
