/// What a report shows, as its caller measured it: plain values, none of them computed here.
///
/// What was not measured is absent (std::nullopt, an empty string or an empty list), never 0: the page shows a dash and says why.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compression/report/slice_picture.h"

namespace tuckerseg {

/// Below this many cases no test can reach 0.05 (a Wilcoxon signed-rank test of 5 pairs ends at 0.0625, two-sided): the page then says
/// "n too small" and shows no p-value, whether or not one is given.
inline constexpr int kFewestCasesTested = 6;

struct ReportCases {
  std::string description;  ///< of the data set
  bool phantoms = false;    ///< figures say nothing about patients; marked on the first screen
  int cases = 0;
  int labelled_cases = 0;   ///< of these, with reference labels
};

struct DiceInterval {
  double low = 0, high = 0;
};

/// A mean over cases and structures, with the bounds of its 95 % confidence interval.
struct ReportDice {
  double mean = 0;
  std::optional<DiceInterval> interval;
};

struct PatchLatency {
  double seconds = 0;  ///< median, of one patch
  std::string device;  ///< times are compared within one device only
};

/// Means over the cases in which the map compared to holds the structure. Surface Dice, HD95 and volumes are to the reference where any case
/// has labels, else to the original: of all structures and variants to the same, so that they can be compared.
struct StructureQuality {
  std::string name;
  int cases_to_reference = 0;  ///< in which the reference holds it
  int cases_to_original = 0;   ///< in which the original's label map holds it; 0 of the original itself
  std::optional<double> dice_to_reference;
  std::optional<double> dice_to_original;
  std::optional<double> surface_dice;
  std::optional<double> hd95_mm;
  std::optional<double> volume_error;  ///< |found - expected| / expected
  std::optional<double> volume_bias;   ///< (found - expected) / expected
};

/// The paired tests of one structure.
struct StructureTests {
  double wilcoxon_p = 1;
  double wilcoxon_adjusted = 1;  ///< Holm, over the variant's structures
  bool no_evidence = true;       ///< of a difference, after adjustment
  double tost_p = 1;             ///< two one-sided tests against the margin: the larger of both
  double tost_adjusted = 1;
  bool equivalent = false;       ///< within the margin, after adjustment
};

/// A row of the statistics: a variant against the original on the same cases.
struct StructureComparison {
  std::string name;
  int cases = 0;                        ///< pairs
  std::optional<double> difference;     ///< mean Dice of the variant less that of the original
  std::optional<StructureTests> tests;  ///< absent where n is too small
};

struct ReportVariant {
  std::string name;
  std::string method;           ///< "original", "hosvd", "pruning", ...: variants of one method are joined by a line
  std::optional<double> level;  ///< the number beside the point
  bool tuned = false;           ///< fine-tuned or distilled; a line of its own
  int seen_cases = 0;           ///< cases that it was made with, so that its figures promise nothing; marked on the first screen and beside its name
  std::optional<int64_t> parameters;
  std::optional<int64_t> multiply_adds;  ///< of one patch
  std::optional<int64_t> weight_bytes;
  std::optional<PatchLatency> latency;
  std::optional<double> seconds_per_case;  ///< of a whole segmentation on the report's machine, mean over cases
  std::optional<int64_t> peak_bytes;
  std::optional<ReportDice> dice_to_reference;
  std::optional<ReportDice> dice_to_original;
  std::optional<double> surface_dice;  ///< mean over structures, as theirs
  std::optional<double> hd95_mm;       ///< the same
  std::vector<StructureQuality> structures;  ///< in the model's order
  std::vector<StructureComparison> statistics;
};

/// Where a variant does worst: the picture that shows it, and the figure that chose it.
struct WorstCase {
  std::string variant;
  std::string case_name;
  std::string structure;
  double dice = 0;
  std::string against;  ///< what the second outline is: "reference" or "original"
  SlicePicture picture;
};

struct Report {
  std::string title;
  std::string model;
  std::string task;
  std::string date;     ///< as it shall be read
  std::string machine;  ///< processor, accelerator, threads: in words
  ReportCases data;
  double surface_tolerance_mm = 0;      ///< of surface Dice
  double significance = 0.05;
  double equivalence_margin = 0.02;     ///< in Dice
  std::vector<ReportVariant> variants;  ///< the original first
  std::vector<WorstCase> worst_cases;   ///< the worst first
};

}  // namespace tuckerseg
