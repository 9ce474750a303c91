/// What compression keeps of a real network on a real CT: that the data-aware method is worth its calibration.
#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "compression/decompose/data_aware_variant.h"
#include "compression/decompose/weight_variant.h"
#include "engine/execute/torch/torch_executor.h"
#include "engine/model/nnunet_import.h"
#include "engine/segment/segmenter.h"
#include "tests/integration/golden_files.h"

namespace tuckerseg {
namespace {

constexpr int kThreads = 2;
constexpr int64_t kLeastVoxels = 200;

/// The parity network on a small CT; calibrated on the same patient in another geometry, which is all there is.
class CompressedParityNetwork : public testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT_TEST_DATA();
    bundle_ = ImportNnunet(TestData() / "totalsegmentator" / "Dataset297_TotalSegmentator_total_3mm_1559subj", {});
    ct_ = ReadNiftiFile(TestData() / "ct" / "crop.nii.gz").volume;
    original_ = LabelsWith(*bundle_);
  }

  std::vector<uint16_t> LabelsWith(Bundle bundle) const {
    return Segmenter(std::move(bundle), TorchExecutorFactory("cpu", kThreads)).Segment(ct_, {.threads = kThreads}).label_map.labels;
  }

  /// Mean over the structures that the original finds.
  double DiceToOriginal(const VariantFiles& files, size_t level = 0) const {
    const Agreement agreement = Compare(LabelsWith(BundleOf(bundle_->model, files, level)), original_);
    double sum = 0;
    int structures = 0;
    for (const auto& [label, voxels] : agreement.golden_voxels) {
      if (label == 0 || voxels < kLeastVoxels) continue;
      sum += agreement.Dice(label);
      ++structures;
    }
    EXPECT_GT(structures, 0);
    return sum / structures;
  }

  VariantFiles DataAware(const std::vector<LevelRequest>& levels) const {
    DataAwareOptions options;
    options.ranks.threads = kThreads;
    options.patches = 3;
    options.patch = {64, 64, 64};
    options.samples = 6000;
    return DataAwareVariant(*bundle_, levels, {ReadNiftiFile(TestData() / "ct" / "oblique_2mm.nii.gz").volume}, options);
  }

  std::optional<Bundle> bundle_;
  Volume ct_;
  std::vector<uint16_t> original_;
};

TEST_F(CompressedParityNetwork, LosesLessWhenFittedToDataThanByItsWeightsAtTheSameRanks) {
  const std::vector<LevelRequest> half{{"half", FactorWish{0.5}}};
  const double hosvd = DiceToOriginal(VariantByWeights(*bundle_, half, DecompositionMethod::kHosvd, {.threads = kThreads}));
  const double aware = DiceToOriginal(DataAware(half));
  RecordProperty("hosvd", std::to_string(hosvd));
  RecordProperty("data_aware", std::to_string(aware));
  EXPECT_GT(aware, hosvd + 0.1) << "of the whole CT 0.095 and 0.469 were measured";
}

TEST_F(CompressedParityNetwork, LosesLittleMoreAsASmallerLevelThanAsAVariantOfItsOwn) {
  const double slice = DiceToOriginal(DataAware({{"e-0.9", FactorWish{0.9}}, {"e-0.7", FactorWish{0.7}}}), 1);
  const double alone = DiceToOriginal(DataAware({{"alone", FactorWish{0.7}}}));
  RecordProperty("slice", std::to_string(slice));
  RecordProperty("alone", std::to_string(alone));
  EXPECT_GT(slice, alone - 0.05) << "0.550 and 0.554 were measured";
}

}  // namespace
}  // namespace tuckerseg
