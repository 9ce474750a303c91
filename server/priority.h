/// Of a request, in its device's queue: higher goes first.
#pragma once

namespace tuckerseg {

/// SegmentHeader::priority.
inline constexpr int kLowestPriority = -10;
inline constexpr int kNormalPriority = 0;
inline constexpr int kHighestPriority = 10;

}  // namespace tuckerseg
