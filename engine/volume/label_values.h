/// The labels of a file of somebody else's, which may hold them in any type.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/volume/volume.h"

namespace tuckerseg {

/// One label for each voxel, i fastest: the volume's values, scaled as it says. Of the values as reals only a piece is held at a time.
/// Errors: kInvalidArgument, which begins with `what` ("case a"), for a value that is no whole number in [0, 65535].
std::vector<uint16_t> LabelValues(const Volume& volume, const std::string& what, int threads = 1);

}  // namespace tuckerseg
