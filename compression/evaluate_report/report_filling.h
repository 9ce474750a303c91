/// What an evaluation measured, put into the report's plain values.
#pragma once

#include <span>
#include <string>

#include "compression/evaluate/variant_summary.h"
#include "compression/report/report.h"
#include "engine/model/card.h"

namespace tuckerseg {

/// What is said of a report that no measurement says.
struct ReportOccasion {
  std::string date;     ///< as it shall be read
  std::string machine;  ///< in words
  std::string device;   ///< as cards have it, "cpu AMD EPYC 7763": times of this device are shown where cards have them
};

/// `scores`, `summaries` and `cards` are by variant, the original first. Pictures are the caller's to add.
/// Distances and volumes of all structures are against the reference where any case has labels, and absent of what the data do not name; without
/// labels all are against the original.
/// Latencies are the cards': of one device, executor, precision, number of threads and patch as far as cards have it (that which most have, of
/// this device before others), so that they can be compared. Pure.
Report FillReport(const Model& model, const CaseFolder& folder, std::span<const VariantScores> scores, std::span<const VariantSummary> summaries,
                  std::span<const Card> cards, const ReportOccasion& occasion);

}  // namespace tuckerseg
