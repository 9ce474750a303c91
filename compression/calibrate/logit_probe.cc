#include "compression/calibrate/logit_probe.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "compression/train/random_stream.h"

namespace tuckerseg {
namespace {

constexpr int64_t kVoxelsOfAClass = 300;

/// The voxels of each class; of regions: of each one, and of none.
std::vector<std::vector<int64_t>> VoxelsByClass(const at::Tensor& logits, bool regions) {
  const at::Tensor flat = logits[0].reshape({logits.size(1), -1});
  std::vector<std::vector<int64_t>> voxels(static_cast<size_t>(flat.size(0)));
  if (!regions) {
    const at::Tensor classes = flat.argmax(0).contiguous();
    const auto* found = classes.const_data_ptr<int64_t>();
    for (int64_t v = 0; v < classes.numel(); ++v) voxels[static_cast<size_t>(found[v])].push_back(v);
    return voxels;
  }
  const at::Tensor inside = flat > 0;
  const auto take = [](const at::Tensor& mask) {
    const at::Tensor found = mask.nonzero().view({-1}).contiguous();
    return std::vector<int64_t>(found.const_data_ptr<int64_t>(), found.const_data_ptr<int64_t>() + found.numel());
  };
  for (size_t c = 0; c < voxels.size(); ++c) voxels[c] = take(inside[static_cast<int64_t>(c)]);
  voxels.push_back(take(inside.any(0).logical_not()));
  return voxels;
}

}  // namespace

LogitProbe::LogitProbe(const at::Tensor& logits, bool regions, uint64_t seed) : regions_(regions) {
  std::vector<std::vector<int64_t>> by_class = VoxelsByClass(logits, regions);
  std::vector<int64_t> places;
  std::vector<double> weights;
  const auto present = static_cast<double>(std::count_if(by_class.begin(), by_class.end(), [](const auto& voxels) { return !voxels.empty(); }));
  for (size_t c = 0; c < by_class.size(); ++c) {
    std::vector<int64_t>& voxels = by_class[c];
    RandomStream random({seed, c});
    const int64_t taken = std::min<int64_t>(kVoxelsOfAClass, static_cast<int64_t>(voxels.size()));
    for (int64_t i = 0; i < taken; ++i) {
      std::swap(voxels[static_cast<size_t>(i)], voxels[static_cast<size_t>(i + random.Below(static_cast<int64_t>(voxels.size()) - i))]);
      places.push_back(voxels[static_cast<size_t>(i)]);
      weights.push_back(1.0 / (static_cast<double>(taken) * present));
    }
  }
  places_ = at::tensor(places, at::kLong);
  weights_ = at::tensor(weights, at::kDouble);
  expected_ = Chosen(logits);
}

at::Tensor LogitProbe::Chosen(const at::Tensor& logits) const {
  const at::Tensor chosen = logits[0].reshape({logits.size(1), -1}).index_select(1, places_).to(at::kDouble);
  return regions_ ? at::cat({at::log_sigmoid(chosen), at::log_sigmoid(-chosen)}) : at::log_softmax(chosen, 0);
}

double LogitProbe::Divergence(const at::Tensor& logits) const {
  return ((expected_.exp() * (expected_ - Chosen(logits))).sum(0) * weights_).sum().item<double>();
}

}  // namespace tuckerseg
