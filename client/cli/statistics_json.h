/// Statistics of a segmentation as the file that TotalSegmentator writes.
#pragma once

#include <string>

#include "tuckerseg/v1/segmentation.pb.h"

namespace tuckerseg {

/// The text of statistics.json: {"spleen": {"volume": mm3, "intensity": mean HU}, ...}, four spaces deep, structures in the order of
/// their values. To what TotalSegmentator writes, "voxels" and "touches_border" are added.
std::string StatisticsJson(const v1::Summary& summary);

}  // namespace tuckerseg
