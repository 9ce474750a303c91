#include "engine/preview/plane.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/preview/labelled_volume.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;

std::array<Plane, 3> PlanesOf(const LabelledVolume& volume) {
  const Orientation orientation = ClosestCanonical(volume.ct.geometry.affine_ras);
  return SamplePlanes(volume.ct, volume.labels, orientation, ChooseCentre(FindLabels(volume.labels), orientation));
}

/// The patient's right, front and upper corner is the picture's upper left one in every plane.
void ExpectCornerAtUpperLeft(const LabelledVolume& volume) {
  for (const Plane& plane : PlanesOf(volume)) EXPECT_THAT(plane.labels, ElementsAre(5, 0, 0, 0)) << plane.name;
}

TEST(SamplePlanes, ShowsThePatientAsARadiologistSeesHim) {
  ExpectCornerAtUpperLeft(LabelledVolume({2, 2, 2}).Box(5, {1, 1, 1}, {1, 1, 1}));
}

TEST(SamplePlanes, DoesSoForEveryOrderOfTheFilesAxes) {
  const Affine lps{{{{-1, 0, 0}, {0, -1, 0}, {0, 0, 1}}}, {10, 20, 30}};
  ExpectCornerAtUpperLeft(LabelledVolume({2, 2, 2}, lps).Box(5, {0, 0, 1}, {0, 0, 1}));
  const Affine to_head_to_left_to_back{{{{0, -1, 0}, {0, 0, -1}, {1, 0, 0}}}, {}};
  ExpectCornerAtUpperLeft(LabelledVolume({2, 2, 2}, to_head_to_left_to_back).Box(5, {1, 0, 0}, {1, 0, 0}));
}

TEST(SamplePlanes, NamesTheDirectionsAtTheEdges) {
  const auto planes = PlanesOf(LabelledVolume({2, 2, 2}));
  EXPECT_THAT(planes[0].directions, ElementsAre('R', 'L', 'A', 'P'));
  EXPECT_THAT(planes[1].directions, ElementsAre('R', 'L', 'S', 'I'));
  EXPECT_THAT(planes[2].directions, ElementsAre('A', 'P', 'S', 'I'));
}

TEST(SamplePlanes, MeasuresPlanesInMillimetresOfTheirOwnAxes) {
  const auto planes = PlanesOf(LabelledVolume({4, 3, 2}, RasAffine({1, 2, 5})));
  EXPECT_THAT((std::array{planes[0].width_mm, planes[0].height_mm}), ElementsAre(4, 6)) << "axial";
  EXPECT_THAT((std::array{planes[1].width_mm, planes[1].height_mm}), ElementsAre(4, 10)) << "coronal";
  EXPECT_THAT((std::array{planes[2].width_mm, planes[2].height_mm}), ElementsAre(6, 10)) << "sagittal";
}

TEST(SamplePlanes, LooksThroughTheSoftTissueWindow) {
  const auto grey = [](int16_t hu) { return PlanesOf(LabelledVolume({1, 1, 1}, RasAffine(), hu))[0].grey.front(); };
  EXPECT_EQ(grey(-1000), 0);
  EXPECT_EQ(grey(-160), 0);
  EXPECT_EQ(grey(40), 128);
  EXPECT_EQ(grey(240), 255);
  EXPECT_EQ(grey(3000), 255);
}

TEST(SamplePlanes, ThinsOutLongAxes) {
  const auto planes = PlanesOf(LabelledVolume({4000, 2, 1}).Box(1, {3990, 0, 0}, {3999, 1, 0}));
  EXPECT_EQ(planes[0].width, kMaxPlaneSamples);
  EXPECT_EQ(planes[0].labels.front(), 1) << "the patient's right is still on the left";
  EXPECT_EQ(planes[0].labels[kMaxPlaneSamples - 1], 0);
  EXPECT_EQ(planes[0].width_mm, 4000);
}

TEST(FindLabels, CountsLabelledVoxelsByIndex) {
  const Found found = FindLabels(LabelledVolume({3, 2, 2}).Box(9, {1, 0, 0}, {2, 1, 0}).Box(4, {0, 0, 1}, {0, 0, 1}).labels);
  EXPECT_THAT(found.values, ElementsAre(4, 9));
  EXPECT_THAT(found.counts[0], ElementsAre(1, 2, 2));
  EXPECT_THAT(found.counts[1], ElementsAre(3, 2));
  EXPECT_THAT(found.counts[2], ElementsAre(4, 1));
}

TEST(ChooseCentre, IsTheCentreOfMassOfWhatWasFound) {
  const LabelledVolume volume = LabelledVolume({20, 20, 20}).Box(1, {2, 4, 6}, {4, 8, 12});
  EXPECT_THAT(ChooseCentre(FindLabels(volume.labels), {}), ElementsAre(3, 6, 9));
  const Orientation from_right{{0, 1, 2}, {true, false, false}};
  EXPECT_THAT(ChooseCentre(FindLabels(volume.labels), from_right), ElementsAre(16, 6, 9));
}

TEST(ChooseCentre, IsTheVolumesCentreIfNothingWasFound) {
  EXPECT_THAT(ChooseCentre(FindLabels(LabelledVolume({11, 5, 1}).labels), {}), ElementsAre(5, 2, 0));
}

TEST(ChooseCentre, DoesNotLieBetweenTwoStructures) {
  const LabelledVolume volume = LabelledVolume({20, 3, 3}).Box(1, {1, 0, 0}, {4, 2, 2}).Box(2, {15, 0, 0}, {18, 2, 2});
  EXPECT_EQ(ChooseCentre(FindLabels(volume.labels), {})[0], 1) << "the first of the planes with the most";
}

}  // namespace
}  // namespace tuckerseg
