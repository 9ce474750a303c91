/// The model that is committed under models/demo, on phantoms that it was not trained on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "compression/evaluate/overlap.h"
#include "engine/execute/torch/torch_executor.h"
#include "engine/model/cost.h"
#include "engine/phantom/phantom.h"
#include "engine/segment/segmenter.h"
#include "tests/engine/model/temporary_directory.h"

namespace tuckerseg {
namespace {

constexpr int kThreads = 2;

std::filesystem::path DemoFolder() { return std::filesystem::path(TUCKERSEG_SOURCE_DIR) / "models" / "demo"; }

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
  const auto card = nlohmann::json::parse(FileText(DemoFolder() / "card.json"));
  EXPECT_EQ(card.at("weights_sha256"), bundle.model.provenance.weights_sha256);
  EXPECT_EQ(card.at("parameters"), ParameterCount(bundle.model));
  EXPECT_LE(ParameterCount(bundle.model), 1'000'000);
  EXPECT_LT(std::filesystem::file_size(DemoFolder() / "weights.safetensors"), 2'500'000U);
  EXPECT_EQ(card.at("data").at("phantoms"), true);
  EXPECT_EQ(card.at("data").at("cases"), 20);
  EXPECT_THAT(card.at("data").at("description").get<std::string>(), testing::HasSubstr("seeds 1 to 20")) << "the training's begin at 100000";
  EXPECT_GE(card.at("dice_to_reference").at("mean").get<double>(), 0.80);
  EXPECT_EQ(card.at("dice_to_reference").at("structures").size(), bundle.model.labels.size());
  EXPECT_GE(bundle.model.labels.size(), 30U);
}

}  // namespace
}  // namespace tuckerseg
