/// What is printed once levels have been compared on a CT: for people, or as JSON.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "client/cli/reference_map.h"
#include "tuckerseg/v1/segmentation.pb.h"

namespace tuckerseg {

struct ReportedLevel {
  v1::LevelResult result;
  std::optional<ReferenceAgreement> reference;  ///< where there is one
};

/// What the server said, and how far it agrees with the reference.
struct CompareReport {
  std::string request_id;
  std::vector<ReportedLevel> levels;  ///< in the order in which they ran
};

/// A table of the levels: seconds, their ratio to the first level's, voxels that have its label, mean Dice, the structures of least Dice, the mean Dice to the
/// reference where there is one, and the device; below it what the table cannot say.
void PrintComparison(const CompareReport& report, std::ostream& out);

/// One JSON object (docs/api.md lists its keys).
void PrintComparisonAsJson(const CompareReport& report, std::ostream& out);

}  // namespace tuckerseg
