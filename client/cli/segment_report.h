/// What is printed once a CT has been segmented: for people, or as JSON.
#pragma once

#include <ostream>

#include "tuckerseg/v1/segmentation.pb.h"

namespace tuckerseg {

/// What the server said, in the order in which it said it.
struct SegmentReport {
  v1::Accepted accepted;
  v1::LabelMapHeader label_map;
  v1::Summary summary;
};

/// A table of the structures that were found, largest first, with mean intensities and a mark for those at the volume's border where
/// there are statistics; then the level that ran, warnings of what a crop may have cost, how good the level is, times and memory. Returns in a few lines what a user asks first.
void PrintReport(const SegmentReport& report, std::ostream& out);

/// One JSON object (docs/api.md lists its keys).
void PrintReportAsJson(const SegmentReport& report, std::ostream& out);

}  // namespace tuckerseg
