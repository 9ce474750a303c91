#include "compression/tune/tuning_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/compression/tune/tuning_samples.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;

TEST(HeldOutOf, IsANumberOrARoundedShareAndElseATenthAtLeastOne) {
  EXPECT_EQ(HeldOutOf(3.0, 10), 3);
  EXPECT_EQ(HeldOutOf(0.0, 10), 0);
  EXPECT_EQ(HeldOutOf(0.24, 10), 2);
  EXPECT_EQ(HeldOutOf(0.26, 10), 3);
  EXPECT_EQ(HeldOutOf(std::nullopt, 34), 3);
  EXPECT_EQ(HeldOutOf(std::nullopt, 2), 1);
  EXPECT_EQ(HeldOutOf(std::nullopt, 1), 0);
}

TEST(InLabelsOf, PutsTheDatasValuesInThePlaceOfTheModelsByName) {
  CaseFolder folder;
  folder.classes = {{"spleen", 7}, {"liver", 2}, {"heart", 3}};
  EXPECT_THAT(InLabelsOf(folder, SphereBundle(1).model).parts.front().channel_labels, ElementsAre(0, 7, 2));
}

TEST(InLabelsOf, RefusesDataThatWouldTeachSomeStructuresAsBackground) {
  CaseFolder folder;
  folder.classes = {{"spleen", 7}, {"heart", 3}};
  ExpectError(ErrorCode::kInvalidArgument,
              "--data: labels 1 of 2 structures of part network: must label all, by the model's names, or distil with --teacher original",
              [&] { InLabelsOf(folder, SphereBundle(1).model); });
}

TEST(WithMasksOfPart, KeepsTheMasksOfItsStructuresAlone) {
  CaseFolder folder;
  folder.cases = {{.name = "a", .ct = {}, .labels = {}, .masks = {{"spleen", "s"}, {"trunk", "t"}, {"liver", "l"}}}};
  EXPECT_THAT(WithMasksOfPart(folder, SphereBundle(1).model).cases.front().masks, ElementsAre(testing::Key("liver"), testing::Key("spleen")));
}

}  // namespace
}  // namespace tuckerseg
