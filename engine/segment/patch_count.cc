#include "engine/segment/patch_count.h"

#include <algorithm>
#include <set>

#include "engine/segment/patch_grid.h"
#include "engine/segment/threefold_split.h"

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

int64_t RunsOfAPatch(const ModelPart& part) { return int64_t{1} << std::set<int>(part.mirror_axes.begin(), part.mirror_axes.end()).size(); }

int64_t PatchCount(const Model& model, const ModelPart& part, const ArrayShape& cropped, const Spacing3& spacing_mm) {
  return MakePatchGrid(NetworkShape(part, cropped, spacing_mm), part.patch_size, model.pipeline.tile_step).PatchCount() *
         static_cast<int64_t>(part.folds.size());
}

int64_t MostPatches(const Model& model, const Geometry& geometry, const SegmentOptions& options) {
  const CaseGeometry image = CaseGeometryOf(geometry, model);
  int64_t count = 0;
  const std::vector<size_t> parts = PartsFor(model, options.structures);
  for (const SplitPart& split : SplitsOf(model, image.shape, options.split_in_three)) {
    const ArrayShape rows{split.to - split.from, image.shape[1], image.shape[2]};
    for (const size_t i : parts) count += PatchCount(model, model.parts[i], rows, image.spacing_mm);
  }
  return count;
}

}  // namespace tuckerseg
