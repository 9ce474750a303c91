/// What a request of Compare asks for, checked field by field.
#pragma once

#include <cstddef>
#include <vector>

#include "server/variants/served_level.h"
#include "tuckerseg/v1/segmentation.pb.h"

namespace tuckerseg {

/// CompareHeader::levels. A call holds its volume until the last one is done.
inline constexpr size_t kFewestLevels = 2;
inline constexpr size_t kMostLevels = 32;

/// The levels that the header names, in its order. `levels`: those of the model; they must outlive what is returned.
/// Errors: kInvalidArgument that names the field, its value and what would be right, where there are too few or too many, for one that leaves the choice
/// to the server, and for one that stands there twice, be it by another name or number; those of FindNamedLevel.
std::vector<const ServedLevel*> LevelsAskedFor(const v1::CompareHeader& header, const std::vector<ServedLevel>& levels);

/// What Compare asks of each level's work, as Segment would say it: but for the level.
v1::SegmentHeader SegmentHeaderOf(const v1::CompareHeader& header);

}  // namespace tuckerseg
