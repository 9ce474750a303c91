/// A report as large as a real one gets: 117 structures, three methods at five levels, pictures of ellipses. Every figure is made up.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "compression/report/report.h"

namespace tuckerseg {

inline std::vector<std::string> SampleStructures(int count) {
  std::vector<std::string> names{"spleen", "kidney_right", "kidney_left", "gallbladder", "liver", "stomach", "pancreas", "adrenal_gland_right",
                                 "adrenal_gland_left", "lung_upper_lobe_left", "lung_lower_lobe_left", "portal_vein_and_splenic_vein",
                                 "esophagus", "trachea", "thyroid_gland", "small_bowel", "duodenum", "colon", "urinary_bladder", "prostate"};
  for (int i = 1; static_cast<int>(names.size()) < count; ++i) names.push_back((i <= 24 ? "vertebra_" : "structure_") + std::to_string(i));
  names.resize(static_cast<size_t>(count));
  return names;
}

/// In [-1, 1], always the same for the same numbers.
inline double Wobble(size_t a, size_t b) { return std::sin(static_cast<double>(a * 12 + 7) * 12.9898 + static_cast<double>(b) * 78.233); }

/// A made-up method: its Dice falls where the level is below `knee`.
struct SampleMethod {
  const char* name;
  bool tuned;
  double knee, steepness;
};

inline double SampleDice(const SampleMethod& method, double level, size_t structure) {
  const double own_knee = method.knee * (1 + 0.35 * Wobble(structure, 3));
  return 1 / (1 + std::exp(-method.steepness * (std::log(level) - std::log(own_knee))));
}

inline StructureTests SampleTests(double difference, int cases) {
  StructureTests tests;
  tests.wilcoxon_p = std::max(1.0 / (1 << std::min(cases, 20)), std::exp(-std::abs(difference) * 300));
  tests.wilcoxon_adjusted = std::min(1.0, tests.wilcoxon_p * 40);
  tests.no_evidence = tests.wilcoxon_adjusted >= 0.05;
  tests.tost_p = std::abs(difference) < 0.02 ? 0.00002 + std::abs(difference) / 4 : 0.5 + std::min(0.5, std::abs(difference));
  tests.tost_adjusted = std::min(1.0, tests.tost_p * 20);
  tests.equivalent = tests.tost_adjusted < 0.05;
  return tests;
}

inline void AddSampleStructures(ReportVariant& variant, const SampleMethod* method, double level, int cases, int structures) {
  const std::vector<std::string> names = SampleStructures(structures);
  double to_original = 0, to_reference = 0, surface = 0, hd95 = 0;
  int counted = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    const int held = i % 29 == 28 ? 0 : i % 13 == 12 ? std::min(4, cases) : cases;
    StructureQuality quality{.name = names[i], .cases_to_reference = held, .cases_to_original = method != nullptr ? held : 0};
    if (held > 0) {
      const double agreement = method != nullptr ? SampleDice(*method, level, i) : 1;
      const double original = 0.92 + 0.06 * Wobble(i, 1);
      quality.dice_to_reference = std::min(0.995, original * agreement + (method != nullptr ? 0.008 * Wobble(i, 5) * agreement : 0));
      if (method != nullptr) quality.dice_to_original = agreement;
      quality.surface_dice = std::min(1.0, *quality.dice_to_reference + 0.03);
      if (agreement > 0.02) {
        quality.hd95_mm = 1.5 + 60 * (1 - *quality.dice_to_reference);
        quality.volume_bias = -0.6 * (1 - agreement) + 0.01 * Wobble(i, 9);
        quality.volume_error = std::abs(*quality.volume_bias) + 0.01;
      }
      to_original += agreement;
      to_reference += *quality.dice_to_reference;
      surface += *quality.surface_dice;
      hd95 += quality.hd95_mm.value_or(60);
      ++counted;
      if (method != nullptr) {
        StructureComparison comparison{.name = names[i], .cases = held, .difference = *quality.dice_to_reference - original};
        if (held >= kFewestCasesTested) comparison.tests = SampleTests(*comparison.difference, held);
        variant.statistics.push_back(comparison);
      }
    }
    variant.structures.push_back(quality);
  }
  const auto mean = [&](double sum) {
    const double value = sum / counted;
    const double half = 0.006 + 0.08 * value * (1 - value);
    return ReportDice{value, DiceInterval{std::max(0.0, value - half), std::min(1.0, value + half)}};
  };
  if (method != nullptr) variant.dice_to_original = mean(to_original);
  variant.dice_to_reference = mean(to_reference);
  variant.surface_dice = surface / counted;
  variant.hd95_mm = hd95 / counted;
}

/// An ellipse in soft tissue; the variant finds it shifted and a little smaller.
inline SlicePicture SamplePicture(int64_t width, int64_t height, std::array<double, 2> pixel_mm, double shift_mm) {
  std::vector<float> hu;
  std::vector<uint8_t> found, expected;
  const auto inside = [&](double x, double y, double rx, double ry) { return x * x / (rx * rx) + y * y / (ry * ry) < 1; };
  for (int64_t v = 0; v < height; ++v)
    for (int64_t u = 0; u < width; ++u) {
      const double x = (static_cast<double>(u) + 0.5 - static_cast<double>(width) / 2) * pixel_mm[0];
      const double y = (static_cast<double>(v) + 0.5 - static_cast<double>(height) / 2) * pixel_mm[1];
      const bool body = inside(x, y, 150, 105);
      const bool organ = inside(x - 30, y + 10, 34, 24);
      const bool bone = inside(x, y - 60, 22, 18);
      const double noise = 14 * Wobble(static_cast<size_t>(u * 31), static_cast<size_t>(v * 17));
      hu.push_back(static_cast<float>((body ? (bone ? 400 : organ ? 110 : 30) : -1000) + noise));
      expected.push_back(organ ? 1 : 0);
      found.push_back(inside(x - 30 - shift_mm, y + 10, 28, 21) && shift_mm < 60 ? 1 : 0);
    }
  return DrawSlice({width, height, pixel_mm, hu, found, expected});
}

inline Report SampleReport(int cases = 20, int structures = 117) {
  Report report;
  report.title = "Compressed variants of total_fast";
  report.model = "total_fast";
  report.task = "total_fast";
  report.date = "2026-01-31";
  report.machine = "16-core CPU at 3.1 GHz, 1 GPU; figures of this sample are made up";
  report.data = {.description = "Procedural trunk CTs, 3 mm, seeds 1 to 20", .phantoms = true, .cases = cases, .labelled_cases = cases};
  report.surface_tolerance_mm = 3;
  // Counts of the 3 mm network at each level.
  struct Level {
    double level;
    int64_t parameters, multiply_adds;
  };
  const Level original{1, 16'550'500, 367'778'000'000};
  const std::array<Level, 5> levels{{{0.7, 9'257'800, 229'534'000'000},
                                     {0.5, 4'921'600, 123'590'000'000},
                                     {0.3, 1'981'600, 54'925'000'000},
                                     {0.2, 1'001'200, 31'797'000'000},
                                     {0.1, 345'400, 20'254'000'000}}};
  const std::array<SampleMethod, 3> methods{{{"hosvd", true, 0.16, 3.2}, {"data-aware", false, 0.09, 3.8}, {"pruning", true, 0.3, 3.5}}};
  const auto described = [&](const Level& level) {
    ReportVariant variant;
    variant.parameters = level.parameters;
    variant.multiply_adds = level.multiply_adds;
    variant.weight_bytes = 4 * level.parameters + 20'000;
    variant.peak_bytes = 900'000'000 + level.multiply_adds / 400;
    variant.seconds_per_case = 0.4 + static_cast<double>(level.multiply_adds) / 5e11;
    variant.latency = PatchLatency{0.004 + static_cast<double>(level.multiply_adds) / 1.3e13, "GPU, bf16"};
    return variant;
  };
  report.variants.push_back(described(original));
  report.variants[0].name = report.variants[0].method = "original";
  AddSampleStructures(report.variants[0], nullptr, 1, cases, structures);
  for (const SampleMethod& method : methods)
    for (const Level& level : levels) {
      ReportVariant variant = described(level);
      variant.method = method.name;
      variant.name = std::string(method.name) + "-" + std::to_string(level.level).substr(0, 3) + (method.tuned ? "-tuned" : "");
      variant.level = level.level;
      variant.tuned = method.tuned;
      if (method.name == std::string("pruning")) variant.multiply_adds = *variant.multiply_adds * 9 / 10;
      if (method.name == std::string("data-aware") && level.level == 0.1) {  // as if its bench had not been run
        variant.latency.reset();
        variant.peak_bytes.reset();
      }
      AddSampleStructures(variant, &method, level.level, cases, structures);
      report.variants.push_back(std::move(variant));
    }
  const std::array<double, 5> shifts{70, 18, 12, 8, 5};
  for (size_t i = 0; i < shifts.size(); ++i) {
    WorstCase worst{.variant = report.variants[15 - i].name,
                    .case_name = "phantom_" + std::to_string(100 + 7 * i),
                    .structure = SampleStructures(20)[i],
                    .dice = 0.2 * static_cast<double>(i), .against = "reference"};
    worst.picture = SamplePicture(220, i % 2 == 0 ? 170 : 90, {1.5, i % 2 == 0 ? 1.5 : 3.0}, shifts[i]);
    report.worst_cases.push_back(std::move(worst));
  }
  return report;
}

}  // namespace tuckerseg
