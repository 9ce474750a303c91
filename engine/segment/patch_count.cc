#include "engine/segment/patch_count.h"

#include <algorithm>

#include "engine/segment/patch_grid.h"

namespace tuckerseg {

std::vector<size_t> PartsFor(const Model& model, const std::vector<int64_t>& structures) {
  std::vector<size_t> places;
  for (size_t i = 0; i < model.parts.size(); ++i) {
    const std::vector<int64_t>& known = model.parts[i].channel_labels;
    const bool wanted = structures.empty() || std::any_of(structures.begin(), structures.end(), [&](int64_t value) {
                          return std::find(known.begin(), known.end(), value) != known.end();
                        });
    if (wanted) places.push_back(i);
  }
  return places;
}

int64_t PatchCount(const Model& model, const ModelPart& part, const ArrayShape& cropped, const Spacing3& spacing_mm) {
  return MakePatchGrid(NetworkShape(part, cropped, spacing_mm), part.patch_size, model.pipeline.tile_step).PatchCount() *
         static_cast<int64_t>(part.folds.size());
}

int64_t MostPatches(const Model& model, const Geometry& geometry, const SegmentOptions& options) {
  const CaseGeometry image = CaseGeometryOf(geometry, model);
  int64_t count = 0;
  for (const size_t i : PartsFor(model, options.structures)) count += PatchCount(model, model.parts[i], image.shape, image.spacing_mm);
  return count;
}

}  // namespace tuckerseg
