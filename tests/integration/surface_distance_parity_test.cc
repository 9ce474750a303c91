/// Our measures against DeepMind's surface-distance on a real CT's label maps.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "compression/evaluate/surface_distance.h"
#include "engine/volume/label_overlap.h"
#include "tests/integration/golden_files.h"

namespace tuckerseg {
namespace {

/// Relative to the larger of the number and 1: the package adds areas in another order than we do.
void ExpectNear(const std::optional<double>& ours, const nlohmann::json& golden, const char* what) {
  ASSERT_TRUE(ours) << what;
  EXPECT_NEAR(*ours, golden.get<double>(), 1e-9 * std::max(1.0, golden.get<double>())) << what;
}

TEST(SurfaceDistanceParity, HoldsForEveryStructureOfARealCt) {
  SKIP_WITHOUT_TEST_DATA();
  std::ifstream file(TestData() / "golden" / "metrics.json");
  const auto golden = nlohmann::json::parse(file);
  const Volume predicted = ReadNiftiFile(TestData() / "golden" / "total_fast" / "ras_3mm.nii.gz").volume;
  const Volume reference = ReadNiftiFile(TestData() / "reference" / "example_seg_fast_force_split.nii.gz").volume;
  const auto overlaps = CountOverlaps(LabelsOf(predicted), LabelsOf(reference));
  const auto surfaces = MeasureSurfaces(LabelsOf(predicted), LabelsOf(reference), predicted.geometry.shape, predicted.geometry.AffineSpacingMm(),
                                        {.tolerance_mm = 3, .threads = 2});
  ASSERT_GT(golden.at("labels").size(), 0U);
  for (const auto& expected : golden.at("labels")) {
    const auto value = expected.at("label").get<int64_t>();
    SCOPED_TRACE("label " + std::to_string(value));
    ExpectNear(overlaps.at(value).Dice(), expected.at("dice"), "Dice");
    if (!expected.contains("hd95_mm")) {  // one of the maps lacks it
      EXPECT_EQ(surfaces.at(value).surface_dice, 0);
      EXPECT_FALSE(surfaces.at(value).hd95_mm);
      continue;
    }
    ExpectNear(surfaces.at(value).surface_dice, expected.at("surface_dice_3mm"), "surface Dice");
    ExpectNear(surfaces.at(value).hd95_mm, expected.at("hd95_mm"), "HD95");
    ExpectNear(surfaces.at(value).mean_reference_to_predicted_mm, expected.at("mean_distance_reference_to_prediction_mm"), "mean, there");
    ExpectNear(surfaces.at(value).mean_predicted_to_reference_mm, expected.at("mean_distance_prediction_to_reference_mm"), "mean, back");
  }
}

}  // namespace
}  // namespace tuckerseg
