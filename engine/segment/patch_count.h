/// How many patches a volume has, from geometry and model alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/model/model.h"
#include "engine/segment/preprocess.h"
#include "engine/segment/segmenter.h"
#include "engine/volume/volume.h"

namespace tuckerseg {

/// Places of the parts that know a structure asked for; empty `structures`: of all parts.
std::vector<size_t> PartsFor(const Model& model, const std::vector<int64_t>& structures);

/// How often a network runs for one patch, which is the mean over all flips along the mirrored axes.
int64_t RunsOfAPatch(const ModelPart& part);

/// Of a case that was cropped to `cropped`, all folds counted.
int64_t PatchCount(const Model& model, const ModelPart& part, const ArrayShape& cropped, const Spacing3& spacing_mm);

/// Patches that a volume of this geometry has at most, over all parts and folds that `options` asks for: nothing is known yet of what a crop to
/// nonzero leaves.
int64_t MostPatches(const Model& model, const Geometry& geometry, const SegmentOptions& options);

}  // namespace tuckerseg
