/// Passes over a whole label map or volume end once nobody waits for them any more.
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/segment/clean_labels.h"
#include "engine/segment/components.h"
#include "engine/segment/crop_volume.h"
#include "engine/segment/dilation.h"
#include "engine/segment/logits_export.h"
#include "engine/segment/normalize.h"
#include "engine/segment/preprocess.h"
#include "engine/segment/statistics.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

constexpr int64_t kEdge = 12;
constexpr Index3 kShape{kEdge, kEdge, kEdge};
constexpr size_t kVoxels = kEdge * kEdge * kEdge;

Volume SomeVolume() {
  Volume volume;
  volume.geometry.shape = kShape;
  volume.type = VoxelType::kInt16;
  volume.voxels.resize(kVoxels * sizeof(int16_t));
  return volume;
}

struct Pass {
  std::string name;
  std::function<void(const std::stop_token&)> run;
};

std::vector<Pass> Passes() {
  static const Bundle bundle = TinyBundle(TinyUnet(2, 4), {8, 8, 8}, 5);
  static const Volume volume = SomeVolume();
  const ArrayShape shape = kShape;
  const auto labels = [] { return std::vector<uint16_t>(kVoxels, 1); };
  const LabelMap map{kShape, labels()};
  const VolumeBox box{{1, 1, 1}, {9, 9, 9}};
  return {
      {"reading", [](const std::stop_token& stop) { ReadImage(volume, bundle.model, {2, stop}); }},
      {"network image",
       [=](const std::stop_token& stop) {
         NetworkImage(CropToNonzero(std::vector<float>(kVoxels, 1), shape, {1, 1, 1}), bundle.model.parts.front(), {2, stop});
       }},
      {"filled mask", [=](const std::stop_token& stop) { FilledNonzeroMask(std::vector<float>(kVoxels, 0), shape, stop); }},
      {"components", [=](const std::stop_token& stop) { FindComponents(labels(), shape, [](uint16_t label) { return label; }, stop); }},
      {"cleaning",
       [=](const std::stop_token& stop) {
         std::vector<uint16_t> cleaned = labels();
         DropSmallComponents(1, {cleaned, shape, {1, 1, 1}, stop});
       }},
      {"growing labels",
       [=](const std::stop_token& stop) {
         std::vector<uint16_t> grown = labels();
         DilateLabels(grown, shape, {1, 1, 1}, 2, stop);
       }},
      {"growing a mask",
       [=](const std::stop_token& stop) {
         std::vector<uint8_t> mask(kVoxels, 0);
         mask.front() = 1;
         DilateByFaces(mask, shape, 2, stop);
       }},
      {"box of labels", [=](const std::stop_token& stop) { BoxOfLabels(map, std::vector<int64_t>{1}, {1, 1, 1}, 0, stop); }},
      {"labels in a map", [=](const std::stop_token& stop) { LabelsIn(map, stop); }},
      {"absent labels", [=](const std::stop_token& stop) { AbsentLabels(map, std::vector<int64_t>{2}, stop); }},
      {"cropping", [=](const std::stop_token& stop) { CropVolume(volume, box, stop); }},
      {"pasting", [=](const std::stop_token& stop) { PasteLabels({{8, 8, 8}, std::vector<uint16_t>(512, 1)}, box, kShape, stop); }},
      {"restoring", [=](const std::stop_token& stop) { RestoreLabels(labels(), kShape, {}, kShape, {2, stop}); }},
      {"statistics",
       [=](const std::stop_token& stop) {
         MeasureStructures(labels(), ViewOf(volume), 1, std::vector<uint16_t>{1}, {.threads = {2, stop}});
       }},
  };
}

TEST(StoppedPasses, EndWithAnErrorThatSaysSo) {
  std::stop_source source;
  source.request_stop();
  for (const Pass& pass : Passes()) {
    SCOPED_TRACE(pass.name);
    ExpectError(ErrorCode::kCancelled, "cancelled", [&] { pass.run(source.get_token()); });
  }
}

TEST(StoppedPasses, RunToTheirEndWhereNobodyStopsThem) {
  const std::stop_source source;
  for (const Pass& pass : Passes()) EXPECT_NO_THROW(pass.run(source.get_token())) << pass.name;
}

}  // namespace
}  // namespace tuckerseg
