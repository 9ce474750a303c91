/// The model that is committed under models/demo, on phantoms that it was not trained on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "engine/execute/torch/torch_executor.h"
#include "engine/model/card_file.h"
#include "engine/model/cost.h"
#include "engine/model/variant.h"
#include "engine/phantom/phantom.h"
#include "engine/segment/segmenter.h"
#include "engine/volume/label_overlap.h"

namespace tuckerseg {
namespace {

constexpr int kThreads = 2;

std::filesystem::path DemoFolder() { return std::filesystem::path(TUCKERSEG_SOURCE_DIR) / "models" / "demo"; }

std::filesystem::path ElasticFolder() { return DemoFolder() / "variants" / "elastic"; }

void ExpectMeasuredOnUnseenPhantoms(const Card& card) {
  EXPECT_TRUE(card.data.phantoms);
  EXPECT_EQ(card.data.cases, 40);
  EXPECT_THAT(card.data.description, testing::HasSubstr("seeds 1 to 40")) << "the training's begin at 100000";
}

double MeanDice(Segmenter& segmenter, const PhantomOptions& options) {
  const Phantom phantom = MakePhantom(options, kThreads);
  const LabelMap found = segmenter.Segment(phantom.ct, {.threads = kThreads}).label_map;
  double sum = 0;
  int count = 0;
  const auto overlaps = CountOverlaps(found.labels, phantom.labels.labels);
  for (const Label& label : segmenter.model().labels) {
    const auto overlap = overlaps.find(label.value);
    if (overlap == overlaps.end() || overlap->second.reference == 0) continue;
    sum += overlap->second.Dice();
    ++count;
  }
  EXPECT_GE(count, 15) << "a trunk holds that many of its structures";
  return sum / count;
}

TEST(DemoModel, FindsItsStructuresInPhantomsItHasNotSeen) {
  Segmenter segmenter(LoadBundle(DemoFolder()), TorchExecutorFactory("cpu", kThreads));
  EXPECT_GT(MeanDice(segmenter, {.seed = 31}), 0.75);
  EXPECT_GT(MeanDice(segmenter, {.seed = 32, .spacing_mm = {2.5, 2.5, 4}, .orientation = "LPS", .oblique_degrees = 8}), 0.65) << "another geometry";
}

TEST(DemoModel, IsSmallAndHasTheCardOfItsOwnWeights) {
  const Bundle bundle = LoadBundle(DemoFolder());
  const std::vector<Card> cards = ReadCards(DemoFolder());
  ASSERT_EQ(cards.size(), 1U);
  EXPECT_EQ(cards.front().weights_sha256, bundle.model.provenance.weights_sha256);
  EXPECT_EQ(cards.front().parameters, ParameterCount(bundle.model));
  EXPECT_LE(ParameterCount(bundle.model), 1'000'000);
  EXPECT_LT(std::filesystem::file_size(DemoFolder() / "weights.safetensors"), 2'500'000U);
  ExpectMeasuredOnUnseenPhantoms(cards.front());
  EXPECT_FALSE(cards.front().latency.empty());
  EXPECT_GE(cards.front().dice_to_reference.value().mean, 0.80);
  EXPECT_EQ(cards.front().dice_to_reference.value().structures.size(), bundle.model.labels.size());
  EXPECT_GE(bundle.model.labels.size(), 30U);
}

TEST(DemoModel, HasLevelsThatStayNearItDownToAThirdOfItsMultiplyAdds) {
  const Bundle bundle = LoadBundle(DemoFolder());
  const VariantFiles files = LoadVariant(ElasticFolder(), bundle.model);
  const std::vector<Card> cards = ReadCards(ElasticFolder());
  ASSERT_EQ(cards.size(), files.variant.levels.size());
  const double original_dice = ReadCards(DemoFolder()).front().dice_to_reference.value().mean.value();
  int64_t cheapest = TotalMultiplyAdds(bundle.model);
  for (size_t i = 0; i < cards.size(); ++i) {
    const Card& card = cards[i];
    EXPECT_EQ(card.variant, files.variant.levels[i].name);
    EXPECT_EQ(card.weights_sha256, files.variant.weights_sha256);
    EXPECT_EQ(card.multiply_adds_per_patch, TotalMultiplyAdds(BundleOf(bundle.model, files, i).model));
    ExpectMeasuredOnUnseenPhantoms(card);
    EXPECT_TRUE(card.Quality()) << card.variant << ": what a policy needs";
    EXPECT_FALSE(card.latency.empty()) << card.variant;
    EXPECT_GE(card.dice_to_reference.value().mean.value(), original_dice - 0.02) << card.variant;
    cheapest = std::min(cheapest, *card.multiply_adds_per_patch);
  }
  EXPECT_LE(3 * cheapest, TotalMultiplyAdds(bundle.model));
}

TEST(DemoModel, AnswersMuchTheSameAtItsCheapestLevel) {
  const Bundle bundle = LoadBundle(DemoFolder());
  const VariantFiles files = LoadVariant(ElasticFolder(), bundle.model);
  Segmenter segmenter(BundleOf(bundle.model, files, files.variant.levels.size() - 1), TorchExecutorFactory("cpu", kThreads));
  EXPECT_GT(MeanDice(segmenter, {.seed = 31}), 0.75);
}

TEST(DemoModel, TakesAtMostSixMegabytesWithItsLevels) {
  uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(DemoFolder()))
    if (entry.is_regular_file()) bytes += entry.file_size();
  EXPECT_LE(bytes, 6'000'000U);
}

}  // namespace
}  // namespace tuckerseg
