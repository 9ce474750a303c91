#include "compression/calibrate/calibration_patches.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <string>
#include <utility>

#include "compression/cases/case_errors.h"
#include "engine/error.h"
#include "engine/execute/patch_check.h"
#include "engine/segment/patch_grid.h"
#include "engine/segment/preprocess.h"

namespace tuckerseg {
namespace {

constexpr double kStep = 0.5;
constexpr int64_t kMostByDefault = 96;  // voxels of an axis: all features of all patches are held at once

Size3 PatchOf(const ModelPart& part, const Size3& wanted) {
  const Size3 divisor = part.graph.PatchDivisor();
  Size3 patch = wanted;
  if (wanted == Size3{})
    for (size_t a = 0; a < 3; ++a) patch[a] = std::min(part.patch_size[a], std::max(divisor[a], kMostByDefault / divisor[a] * divisor[a]));
  CheckPatchShape(part.graph, patch, "--patch: axis ");
  return patch;
}

/// Errors: kFailedPrecondition for a network whose inputs cannot be cut from CTs alone.
void CheckInputs(const Model& model, const ModelPart& part) {
  if (part.graph.layers.front().out_channels != 1) {
    throw Error(ErrorCode::kFailedPrecondition, "part " + part.name + ": takes " + std::to_string(part.graph.layers.front().out_channels) + " channels: must take CTs alone to be calibrated");
  }
  if (model.pipeline.crop && !model.pipeline.crop->structures.empty()) {
    throw Error(ErrorCode::kFailedPrecondition, "task " + model.task + ": looks at crops around what another model finds, and calibration CTs are not cropped: must be decomposed without --calibration");
  }
}

/// Errors: kInvalidArgument: nothing can be fitted to an image without any contrast.
void CheckContrast(const std::vector<float>& image, size_t place) {
  const auto [least, most] = std::minmax_element(image.begin(), image.end());
  if (*least == *most) throw Error(ErrorCode::kInvalidArgument, "--calibration: CT " + std::to_string(place + 1) + ": all voxels are alike: must be a CT");
}

/// The voxels of a patch at `origin` in padded coordinates; 0 in the padding.
at::Tensor Cut(const std::vector<float>& image, const PatchGrid& grid, const Size3& origin) {
  const at::Tensor whole = at::from_blob(const_cast<float*>(image.data()), {grid.image[0], grid.image[1], grid.image[2]}, at::kFloat);
  at::Tensor patch = at::zeros({1, 1, grid.patch[0], grid.patch[1], grid.patch[2]}, at::kFloat);
  at::Tensor target = patch[0][0];
  at::Tensor source = whole;
  for (int64_t a = 0; a < 3; ++a) {
    const auto axis = static_cast<size_t>(a);
    const int64_t begin = origin[axis] - grid.padding[axis];  // in the image's coordinates
    const int64_t from = std::max<int64_t>(begin, 0);
    const int64_t to = std::min(begin + grid.patch[axis], grid.image[axis]);
    source = source.slice(a, from, to);
    target = target.slice(a, from - begin, to - begin);
  }
  target.copy_(source);
  return patch;
}

}  // namespace

std::vector<at::Tensor> CalibrationPatches(const std::vector<Volume>& volumes, const Model& model, const ModelPart& part,
                                           const CalibrationPatchOptions& options) {
  if (volumes.empty()) throw Error(ErrorCode::kInvalidArgument, "--calibration: must name at least one CT");
  CheckInputs(model, part);
  const Size3 patch = PatchOf(part, options.patch);
  std::vector<at::Tensor> patches;
  for (size_t place = 0; place < volumes.size(); ++place) {
    const Volume& volume = volumes[place];
    CanonicalImage canonical = Naming("--calibration: CT " + std::to_string(place + 1), [&] { return ReadImage(volume, model, options.threads); });
    const CaseImage cropped = CropToNonzero(std::move(canonical.image), canonical.shape, canonical.spacing_mm);
    const ArrayShape shape = NetworkShape(part, cropped.box.Shape(), cropped.spacing_mm);
    const std::vector<float> image = NetworkImage(cropped, part, options.threads);
    CheckContrast(image, place);
    const PatchGrid grid = MakePatchGrid(shape, patch, kStep);
    const int64_t count = grid.PatchCount();
    const int64_t wanted = std::min(count, options.patches);
    for (int64_t i = 0; i < wanted; ++i) {
      // The middle of each of `wanted` equal stretches of the window's order.
      const int64_t nth = ((2 * i + 1) * count) / (2 * wanted);
      const auto last = static_cast<int64_t>(grid.origins[2].size());
      const auto middle = static_cast<int64_t>(grid.origins[1].size());
      patches.push_back(Cut(image, grid, {grid.origins[0][static_cast<size_t>(nth / (last * middle))],
                                          grid.origins[1][static_cast<size_t>(nth / last % middle)], grid.origins[2][static_cast<size_t>(nth % last)]}));
    }
  }
  return patches;
}

}  // namespace tuckerseg
