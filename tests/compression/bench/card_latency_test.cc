#include "compression/bench/card_latency.h"

#include <gmock/gmock.h>

#include "engine/error.h"
#include "engine/model/card_file.h"
#include "engine/model/cost.h"
#include "tests/engine/model/card_samples.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;

CardLatency Entry(double seconds, const std::string& device = "cpu Sample", int64_t threads = 2) {
  return LatencyOf({device, "torch", "fp32", threads}, {"original", {8, 8, 8}, 1000, {.min_s = seconds, .median_s = seconds, .peak_bytes = 7}, {}});
}

CardVolumeLatency VolumeEntry(double seconds) {
  VariantReport report{.variant = "original"};
  report.volume = VolumeTime{.shape = {512, 512, 300}, .spacing_mm = {0.78, 0.78, 1.5}, .patches = 36, .seconds = seconds, .peak_bytes = 9};
  return VolumeLatencyOf({"cpu Sample", "torch", "fp32", 2}, report).value();
}

TEST(FreshCard, SaysWhatAFormIsAndCosts) {
  ModelForm form{.name = "half", .method = "pruning", .level = 0.5, .weights_sha256 = "abc", .directory = {}, .siblings = {}, .bundle = TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1)};
  const Model& model = form.bundle.model;
  const Card card = FreshCard(form);
  EXPECT_EQ(card.model, model.name);
  EXPECT_EQ(card.task, model.task);
  EXPECT_EQ(card.variant, "half");
  EXPECT_EQ(card.method, "pruning");
  EXPECT_EQ(card.level, 0.5);
  EXPECT_EQ(card.weights_sha256, "abc");
  EXPECT_EQ(card.parameters, ParameterCount(model));
  EXPECT_EQ(card.multiply_adds_per_patch, TotalMultiplyAdds(model));
  EXPECT_EQ(card.weight_bytes, 4 * ParameterCount(model));
  EXPECT_EQ(card.data, CardData()) << "no case was measured";
  form.name = form.method = "original";
  EXPECT_EQ(FreshCard(form).method, "") << "it was not made of another";
}

TEST(LatencyOf, SaysWhatWasRunAndMeasured) {
  const CardLatency expected{.device = "cpu Sample", .executor = "torch", .precision = "fp32", .threads = 2, .patch = {8, 8, 8}, .min_s = 0.5, .median_s = 0.5, .peak_bytes = 7};
  EXPECT_EQ(Entry(0.5), expected);
}

TEST(VolumeLatencyOf, SaysWhatWasRunOnWhichGridAndMeasured) {
  const CardVolumeLatency expected{.device = "cpu Sample", .executor = "torch", .precision = "fp32", .threads = 2, .shape = {512, 512, 300},
                                   .spacing_mm = {0.78, 0.78, 1.5}, .patches = 36, .seconds = 30, .peak_bytes = 9};
  EXPECT_EQ(VolumeEntry(30), expected);
}

TEST(VolumeLatencyOf, SaysNothingWhereNoVolumeWasSegmented) { EXPECT_FALSE(VolumeLatencyOf({}, VariantReport{.variant = "original"})); }

TEST(PutLatency, TakesThePlaceOfTheSameSettingAlone) {
  Card card;
  PutLatency(card, Entry(1));
  PutLatency(card, Entry(2, "cpu Sample", 4));
  PutLatency(card, Entry(3, "cuda Sample"));
  PutLatency(card, Entry(4));
  EXPECT_THAT(card.latency, ElementsAre(Entry(4), Entry(2, "cpu Sample", 4), Entry(3, "cuda Sample")));
}

TEST(PutLatency, ChangesNothingElse) {
  Card card = FullCard();
  PutLatency(card, Entry(1));
  Card expected = FullCard();
  expected.latency.push_back(Entry(1));
  EXPECT_EQ(card, expected);
}

TEST(PutVolumeLatency, TakesThePlaceOfTheSameSettingAndGridAlone) {
  std::vector<CardVolumeLatency> others(6, VolumeEntry(2));
  others[0].device = "cuda Sample";
  others[1].executor = "cpu";
  others[2].precision = "bf16";
  others[3].threads = 4;
  others[4].shape = {512, 512, 301};
  others[5].spacing_mm = {0.78, 0.78, 3};
  Card card;
  PutVolumeLatency(card, VolumeEntry(1));
  for (const CardVolumeLatency& other : others) PutVolumeLatency(card, other);
  CardVolumeLatency again = VolumeEntry(3);
  again.patches = 35;
  again.peak_bytes.reset();
  PutVolumeLatency(card, again);
  others.insert(others.begin(), again);
  EXPECT_EQ(card.volume_latency, others);
}

TEST(PutVolumeLatency, ChangesNothingElse) {
  Card card = FullCard();
  PutVolumeLatency(card, VolumeEntry(1));
  Card expected = FullCard();
  expected.volume_latency.push_back(VolumeEntry(1));
  EXPECT_EQ(card, expected);
}

Card CardOf(const std::string& variant, const std::string& weights_sha256, const std::vector<CardLatency>& latency = {}) {
  Card card;
  card.variant = variant;
  card.weights_sha256 = weights_sha256;
  card.latency = latency;
  return card;
}

class WritingLatency : public testing::Test {
 protected:
  std::vector<Card> Read() const { return ReadCards(folder_.path()); }
  void Write(const std::string& level, const CardLatency& latency, const std::optional<CardVolumeLatency>& volume_latency = {}) const {
    WriteLatency(folder_.path(), CardOf(level, "abc"), latency, volume_latency);
  }
  const TemporaryDirectory folder_;
};

TEST_F(WritingLatency, BeginsWithTheFreshCard) {
  Write("original", Entry(1));
  EXPECT_THAT(Read(), ElementsAre(CardOf("original", "abc", {Entry(1)})));
}

TEST_F(WritingLatency, KeepsWhatTheCardSays) {
  WriteCards(folder_.path(), std::vector{FullCard()});
  Write(FullCard().variant, Entry(1));
  Card expected = FullCard();
  expected.latency.push_back(Entry(1));
  EXPECT_THAT(Read(), ElementsAre(expected));
}

TEST_F(WritingLatency, TellsACardOfBeforeVariantsWhatTheFormCosts) {
  WriteCards(folder_.path(), std::vector{CardOf("original", "abc")});
  Card fresh = CardOf("original", "abc");
  fresh.multiply_adds_per_patch = 3;
  WriteLatency(folder_.path(), fresh, Entry(1), {});
  Card expected = fresh;
  expected.latency.push_back(Entry(1));
  EXPECT_THAT(Read(), ElementsAre(expected)) << "evaluate would drop the time";
}

TEST_F(WritingLatency, HoldsTheCardsOfSeveralLevels) {
  Write("large", Entry(1));
  Write("small", Entry(2));
  Write("large", Entry(3));
  EXPECT_THAT(Read(), ElementsAre(CardOf("large", "abc", {Entry(3)}),
                                  CardOf("small", "abc", {Entry(2)})));
}

TEST_F(WritingLatency, HoldsTheTimesOfVolumesUntilTheyAreMeasuredAnew) {
  Write("original", Entry(1), VolumeEntry(30));
  Write("original", Entry(2));
  Card expected = CardOf("original", "abc", {Entry(2)});
  expected.volume_latency = {VolumeEntry(30)};
  EXPECT_THAT(Read(), ElementsAre(expected)) << "without a volume the former one's time stays";
  Write("original", Entry(2), VolumeEntry(20));
  expected.volume_latency = {VolumeEntry(20)};
  EXPECT_THAT(Read(), ElementsAre(expected));
}

TEST_F(WritingLatency, RefusesCardsOfOtherWeightsAndWhatIsNone) {
  WriteCards(folder_.path(), std::vector{CardOf("large", "abc"), CardOf("small", "other")});
  ExpectError(ErrorCode::kFailedPrecondition, "variant small: card.weights_sha256: is of other weights", [&] { Write("large", Entry(1)); });
  EXPECT_EQ(Read().size(), 2U) << "nothing is lost";
  folder_.Write("card.json", "[]");
  ExpectError(ErrorCode::kInvalidArgument, "card = []: must be an object", [&] { Write("original", Entry(1)); });
  EXPECT_EQ(FileText(folder_.path() / "card.json"), "[]");
}

TEST_F(WritingLatency, TakesACardThatDoesNotSayOfWhichWeightsItIs) {
  WriteCards(folder_.path(), std::vector{Card{}});
  Write("original", Entry(1));
  EXPECT_THAT(Read(), ElementsAre(CardOf("original", "", {Entry(1)})));
}

}  // namespace
}  // namespace tuckerseg
