/// Genuine nnU-Net result folders against what nnU-Net's own predictor makes of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/execute/torch/torch_executor.h"
#include "engine/model/nnunet_import.h"
#include "engine/segment/label_rule.h"
#include "engine/segment/predict.h"
#include "engine/segment/preprocess.h"
#include "engine/segment/segmenter.h"
#include "tests/engine/segment/case_image.h"
#include "tests/integration/golden_files.h"

namespace tuckerseg {
namespace {

constexpr int kThreads = 2;

float LargestDifference(const std::vector<float>& a, const std::vector<float>& b) {
  float largest = 0;
  for (size_t i = 0; i < b.size(); ++i) largest = std::max(largest, std::abs(a.at(i) - b[i]));
  return largest;
}

std::vector<std::unique_ptr<Executor>> Executors(const Bundle& bundle) {
  std::vector<std::unique_ptr<Executor>> executors;
  const ModelPart& part = bundle.model.parts.front();
  for (const std::string& fold : part.folds) {
    executors.push_back(TorchExecutorFactory("cpu", kThreads)(part.graph, bundle.weights.front(), "fold_" + fold + "."));
  }
  return executors;
}

/// Logits [channel][network shape] of the whole image.
std::vector<float> WholeLogits(const Bundle& bundle, const std::vector<float>& image, const ArrayShape& shape,
                               Accumulation accumulation) {
  const ModelPart& part = bundle.model.parts.front();
  const auto executors = Executors(bundle);
  const int64_t plane = shape[1] * shape[2];
  std::vector<float> logits(static_cast<size_t>(part.graph.OutChannels() * shape[0] * plane));
  const PatchGrid grid = MakePatchGrid(shape, part.patch_size, bundle.model.pipeline.tile_step);
  PredictLogits(image, grid, {part, executors, {accumulation, kThreads}, {}, {}}, Finishing::kWholeRows,
                [&](const LogitsBlock& block) {
                  for (int64_t c = 0; c < part.graph.OutChannels(); ++c)
                    std::copy_n(block.logits.begin() + c * plane, plane, logits.begin() + (c * shape[0] + block.row) * plane);
                });
  return logits;
}

std::vector<uint16_t> Labels(const ModelPart& part, const std::vector<float>& logits) {
  const size_t voxels = logits.size() / static_cast<size_t>(part.graph.OutChannels());
  LabelRule rule(part, voxels);
  for (int64_t c = 0; c < part.graph.OutChannels(); ++c) {
    rule.AddChannel(c, std::span(logits).subspan(static_cast<size_t>(c) * voxels, voxels));
  }
  return {rule.labels().begin(), rule.labels().end()};
}

/// Named after the folders of nets/, each of which is one trap.
class ResultFolder : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    SKIP_WITHOUT_TEST_DATA();
    folder_ = TestData() / "nets" / GetParam();
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      if (entry.path().filename() != "golden") bundle_ = ImportNnunet(entry.path(), {});
    }
    volume_ = ReadNiftiFile(TestData() / "ct" / "crop.nii.gz").volume;
  }
  const ModelPart& part() const { return bundle_.model.parts.front(); }

  std::filesystem::path folder_;
  Bundle bundle_;
  Volume volume_;
};

TEST_P(ResultFolder, PreprocessesAsNnunetDoes) {
  const NpyArray golden = ReadNpy(folder_ / "golden" / "preprocessed.npy");
  const CaseImage image = MakeCase(volume_, bundle_.model, kThreads);
  const ArrayShape shape = NetworkShape(part(), image.box.Shape(), image.spacing_mm);
  EXPECT_THAT(golden.shape, testing::ElementsAre(1, shape[0], shape[1], shape[2]));
  const float difference = LargestDifference(NetworkImage(image, part(), kThreads), golden.values);
  RecordProperty("max_abs_difference", std::to_string(difference));
  EXPECT_LE(difference, 1e-4F);
}

TEST_P(ResultFolder, GivesTheLogitsOfAnExactSlidingWindow) {
  const NpyArray golden = ReadNpy(folder_ / "golden" / "logits_fp32_accumulation.npy");
  const CaseImage image = MakeCase(volume_, bundle_.model, kThreads);
  const ArrayShape shape = NetworkShape(part(), image.box.Shape(), image.spacing_mm);
  const std::vector<float> logits =
      WholeLogits(bundle_, NetworkImage(image, part(), kThreads), shape, Accumulation::kFloat32);
  ASSERT_EQ(logits.size(), golden.values.size());
  EXPECT_LE(LargestDifference(logits, golden.values), 2e-3F);
  EXPECT_GE(Compare(Labels(part(), logits), Labels(part(), golden.values)).equal_share, 0.9999);
}

TEST_P(ResultFolder, GivesThePredictorsLabelsWithItsHalfPrecisionAccumulation) {
  const NiftiVolume golden = ReadNiftiFile(folder_ / "golden" / "labels.nii.gz");
  Segmenter segmenter(bundle_, TorchExecutorFactory("cpu", kThreads));
  const Segmentation result =
      segmenter.Segment(volume_, {.accumulation = Accumulation::kReference, .threads = kThreads});
  ASSERT_EQ(result.label_map.shape, golden.volume.geometry.shape);
  const Agreement agreement = Compare(result.label_map.labels, LabelsOf(golden.volume));
  RecordProperty("equal_share", std::to_string(agreement.equal_share));
  EXPECT_GE(agreement.equal_share, 0.999);
}

INSTANTIATE_TEST_SUITE_P(Nets, ResultFolder,
                         testing::Values("aniso_ct", "old_plans", "resenc_two_folds_half", "transposed_zscore_mirrored"),
                         [](const auto& folder) { return std::string(folder.param); });

/// The network of Dataset297 through nnU-Net's own pipeline (tile step 0.5), not TotalSegmentator's.
class ParityNetwork : public testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT_TEST_DATA();
    golden_ = TestData() / "golden" / "nnunet_demo";
    bundle_ = ImportNnunet(TestData() / "totalsegmentator" / "Dataset297_TotalSegmentator_total_3mm_1559subj", {});
    bundle_.model.pipeline = {.totalsegmentator = false, .spacing_mm = {}, .resampling_order = 1, .tile_step = 0.5};
    volume_ = ReadNiftiFile(TestData() / "ct" / "ras_3mm.nii.gz").volume;
  }
  const ModelPart& part() const { return bundle_.model.parts.front(); }

  std::filesystem::path golden_;
  Bundle bundle_;
  Volume volume_;
};

TEST_F(ParityNetwork, PreprocessesAsNnunetDoes) {
  const CaseImage image = MakeCase(volume_, bundle_.model, kThreads);
  EXPECT_LE(LargestDifference(NetworkImage(image, part(), kThreads), ReadNpy(golden_ / "preprocessed.npy").values), 1e-4F);
}

TEST_F(ParityNetwork, GivesTheLogitsOfOnePatch) {
  std::ifstream file(golden_ / "golden.json");
  const auto origin = nlohmann::json::parse(file).at("patch_origin").get<ArrayShape>();
  const NpyArray image = ReadNpy(golden_ / "preprocessed.npy");
  const ArrayShape shape{image.shape[1], image.shape[2], image.shape[3]};
  const Box box{origin, {origin[0] + 96, origin[1] + 96, origin[2] + 96}};
  const auto executors = Executors(bundle_);
  const std::span<const float> logits = executors.front()->Run(Crop(image.values, shape, box), {96, 96, 96});

  const NpyArray golden = ReadNpy(golden_ / "patch_logits_every_8th_voxel.npy");
  ASSERT_EQ(golden.values.size(), 118U * 12 * 12 * 12);
  float largest = 0;
  for (size_t i = 0; i < golden.values.size(); ++i) {
    const size_t c = i / 1728, x = i / 144 % 12, y = i / 12 % 12, z = i % 12;
    const float ours = logits[((c * 96 + x * 8) * 96 + y * 8) * 96 + z * 8];
    largest = std::max(largest, std::abs(ours - golden.values[i]));
  }
  RecordProperty("max_abs_difference", std::to_string(largest));
  EXPECT_LE(largest, 1e-3F);
  const NpyArray argmax = ReadNpy(golden_ / "patch_argmax.npy");
  const std::vector<uint16_t> labels = Labels(part(), {logits.begin(), logits.end()});
  EXPECT_GE(Compare(labels, {argmax.values.begin(), argmax.values.end()}).equal_share, 0.9999);
}

TEST_F(ParityNetwork, GivesThePredictorsLabels) {
  Segmenter segmenter(bundle_, TorchExecutorFactory("cpu", kThreads));
  const Segmentation result = segmenter.Segment(volume_, {.threads = kThreads});
  const NiftiVolume golden = ReadNiftiFile(golden_ / "labels_step_0.5.nii.gz");
  EXPECT_GE(Compare(result.label_map.labels, LabelsOf(golden.volume)).equal_share, 0.999);
}

}  // namespace
}  // namespace tuckerseg
