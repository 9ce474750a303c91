#include "server/serve/level_agreement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

std::vector<Label> Labels() {
  std::vector<Label> labels;
  for (const auto& [value, name] : std::map<int64_t, std::string>{{1, "liver"}, {5, "spleen"}, {7, "heart"}, {300, "aorta"}}) {
    Label label;
    label.value = value;
    label.name = name;
    labels.push_back(label);
  }
  return labels;
}

v1::LevelResult Agreement(const std::vector<uint16_t>& own, const std::vector<uint16_t>& first) {
  v1::LevelResult result;
  FillAgreement(own, first, Labels(), {}, result);
  return result;
}

TEST(FillAgreement, TellsEachStructureThatEitherMapHolds) {
  const v1::LevelResult result = Agreement({0, 1, 1, 5, 5, 300}, {0, 1, 5, 5, 0, 0});
  EXPECT_DOUBLE_EQ(result.equal_share(), 0.5);
  ASSERT_EQ(result.dice_size(), 3) << "no voxel is of the heart";
  EXPECT_EQ(result.dice(0).name(), "liver");
  EXPECT_EQ(result.dice(0).value(), 1U);
  EXPECT_DOUBLE_EQ(result.dice(0).dice(), 2.0 / 3);
  EXPECT_EQ(result.dice(0).voxels(), 2U);
  EXPECT_EQ(result.dice(0).first_voxels(), 1U);
  EXPECT_EQ(result.dice(1).name(), "spleen");
  EXPECT_DOUBLE_EQ(result.dice(1).dice(), 0.5);
  EXPECT_EQ(result.dice(2).name(), "aorta");
  EXPECT_EQ(result.dice(2).value(), 300U);
  EXPECT_EQ(result.dice(2).dice(), 0);
  EXPECT_EQ(result.dice(2).first_voxels(), 0U);
  EXPECT_DOUBLE_EQ(result.mean_dice(), (2.0 / 3 + 0.5) / 3);
}

TEST(FillAgreement, IsWholeOfALevelWithItself) {
  const v1::LevelResult result = Agreement({0, 1, 7}, {0, 1, 7});
  EXPECT_EQ(result.equal_share(), 1);
  EXPECT_EQ(result.mean_dice(), 1);
  for (const v1::StructureDice& dice : result.dice()) EXPECT_EQ(dice.dice(), 1) << dice.name();
}

TEST(FillAgreement, HasNoMeanWhereNothingWasFound) {
  const v1::LevelResult result = Agreement({0, 0}, {0, 0});
  EXPECT_EQ(result.equal_share(), 1);
  EXPECT_EQ(result.dice_size(), 0);
  EXPECT_FALSE(result.has_mean_dice());
}

TEST(FillAgreement, EndsOnceNobodyWaitsForIt) {
  const std::vector<uint16_t> labels(1000, 1);
  std::stop_source source;
  v1::LevelResult whole;
  FillAgreement(labels, labels, Labels(), source.get_token(), whole);
  EXPECT_EQ(whole.mean_dice(), 1) << "nobody has stopped it yet";
  source.request_stop();
  v1::LevelResult result;
  ExpectError(ErrorCode::kCancelled, "cancelled", [&] { FillAgreement(labels, labels, Labels(), source.get_token(), result); });
}

}  // namespace
}  // namespace tuckerseg
