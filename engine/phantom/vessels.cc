// Arteries and veins of the trunk, as tubes. None is thinner than about 11 mm: a 3 mm grid has to see them.
#include "engine/phantom/anatomy.h"

namespace tuckerseg::phantom {
namespace {

void AddArteries(Plan& plan) {
  const Pose pose(plan.Random(0xA0), {0, 0, 300}, 3, 0.02F);
  plan.Add(kAorta, Tissue::kArtery,
           pose(Tube({{{0, 26, 272}, 16},
                      {{10, 30, 300}, 16},
                      {{18, 30, 335}, 15.5F},
                      {{10, 22, 363}, 14.5F},
                      {{-8, 6, 374}, 13.5F},
                      {{-24, -12, 364}, 13},
                      {{-29, -24, 340}, 12.5F},
                      {{-28, -24, 300}, 12},
                      {{-23, -16, 230}, 11.5F},
                      {{-19, 4, 170}, 11},
                      {{-17, 20, 120}, 10.5F},
                      {{-14, 31, 70}, 10},
                      {{-6, 34, 36}, 9.5F}})));
  plan.Add(kBrachiocephalicTrunk, Tissue::kArtery, pose(Tube({{{4, 18, 378}, 7}, {{20, 8, 406}, 7}})));
  plan.Add(
      kSubclavianArteryLeft, Tissue::kArtery,
      pose(Tube({{{-20, -6, 374}, 6}, {{-32, -12, 405}, 6}, {{-62, -12, 424}, 6}, {{-95, -12, 414}, 6}})));
  plan.Add(kSubclavianArteryRight, Tissue::kArtery,
           pose(Tube({{{22, 6, 408}, 6}, {{38, -4, 422}, 6}, {{66, -10, 426}, 6}, {{95, -12, 414}, 6}})));
  plan.Add(kCarotidLeft, Tissue::kArtery,
           pose(Tube({{{-10, 8, 380}, 5.5F}, {{-22, 2, 420}, 5.5F}, {{-28, 0, 500}, 5.5F}})));
  plan.Add(kCarotidRight, Tissue::kArtery,
           pose(Tube({{{22, 8, 410}, 5.5F}, {{27, 4, 430}, 5.5F}, {{29, 0, 500}, 5.5F}})));
  const Shape trunk = Tube({{{-14, 44, 292}, 13}, {{-20, 26, 318}, 13}, {{-18, 10, 326}, 12}});
  plan.Add(kUnlabelled, Tissue::kUpperVein, pose(trunk));
  plan.Add(kUnlabelled, Tissue::kUpperVein,
           pose(Tube({{{-16, 12, 324}, 10}, {{10, 4, 320}, 10}, {{46, -4, 306}, 9}})));
  plan.Add(kUnlabelled, Tissue::kUpperVein, pose(Tube({{{-20, 10, 326}, 10}, {{-48, -10, 316}, 9}})));
}

void AddVeins(Plan& plan) {
  const Pose pose(plan.Random(0xB0), {20, 10, 200}, 3, 0.02F);
  plan.Add(kSuperiorVenaCava, Tissue::kUpperVein,
           pose(Tube({{{26, 16, 276}, 10}, {{28, 8, 330}, 9.5F}, {{26, 4, 366}, 9}})));
  plan.Add(kBrachiocephalicVeinRight, Tissue::kUpperVein,
           pose(Tube({{{27, 4, 372}, 7.5F}, {{38, 4, 404}, 7}})));
  plan.Add(kBrachiocephalicVeinLeft, Tissue::kUpperVein,
           pose(Tube({{{22, 10, 372}, 7}, {{-10, 26, 388}, 7}, {{-40, 8, 408}, 7}})));
  plan.Add(kInferiorVenaCava, Tissue::kVein,
           pose(Tube({{{12, 26, 26}, 10.5F},
                      {{17, 31, 70}, 11},
                      {{19, 28, 120}, 12},
                      {{23, 24, 165}, 13},
                      {{25, 18, 205}, 13},
                      {{24, 16, 224}, 12}})));
  Shape lung_veins;
  for (const float side : kSides) {
    Append(lung_veins, Tube({{{side * 20, -12, 276}, 8}, {{side * 58, -6, 292}, 6}}));
    Append(lung_veins, Tube({{{side * 20, -14, 266}, 8}, {{side * 56, -24, 252}, 6}}));
  }
  plan.Add(kPulmonaryVein, Tissue::kLungVein, pose(std::move(lung_veins)));
}

void AddIliacVessels(Plan& plan) {
  const Pose pose(plan.Random(0xC0), {0, 30, -50}, 3, 0.02F);
  for (const float side : kSides) {
    plan.Add(OfSide(side, kIliacArteryRight, kIliacArteryLeft), Tissue::kArtery,
             pose(Tube({{{side * 3 - 4, 35, 27}, 7.5F},
                        {{side * 24 - 2, 36, -2}, 7},
                        {{side * 44, 28, -42}, 6.5F},
                        {{side * 62, 38, -85}, 6.5F},
                        {{side * 76, 55, -125}, 6.5F},
                        {{side * 80, 58, -200}, 6.5F}})));
    plan.Add(OfSide(side, kIliacVeinRight, kIliacVeinLeft), Tissue::kVein,
             pose(Tube({{{side * 3 + 10, 24, 17}, 8},
                        {{side * 30 + 4, 14, -20}, 8},
                        {{side * 50, 14, -62}, 8},
                        {{side * 63, 36, -100}, 7.5F},
                        {{side * 64, 50, -135}, 7.5F},
                        {{side * 66, 50, -200}, 7.5F}})));
  }
}

}  // namespace

void AddVessels(Plan& plan) {
  AddArteries(plan);
  AddVeins(plan);
  AddIliacVessels(plan);
}

}  // namespace tuckerseg::phantom
