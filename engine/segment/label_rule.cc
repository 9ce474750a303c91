#include "engine/segment/label_rule.h"

#include <algorithm>
#include <cmath>

namespace tuckerseg {

void LabelRule::Reset(size_t voxels) {
  labels_.assign(voxels, 0);
  if (!part_.regions) best_.resize(voxels);
}

void LabelRule::AddChannel(int64_t channel, std::span<const float> logits) {
  const auto label = static_cast<uint16_t>(part_.channel_labels[static_cast<size_t>(channel)]);
  const size_t count = logits.size();
  uint16_t* labels = labels_.data();
  if (part_.regions) {
    for (size_t v = 0; v < count; ++v)
      if (1.0F / (1.0F + std::exp(-logits[v])) > 0.5F) labels[v] = label;
    return;
  }
  if (channel == 0) {
    std::copy(logits.begin(), logits.end(), best_.begin());
    std::fill_n(labels, count, label);
    return;
  }
  // Selects instead of branches: the compiler makes vector code of it.
  float* best = best_.data();
  for (size_t v = 0; v < count; ++v) {
    const bool wins = logits[v] > best[v];
    labels[v] = wins ? label : labels[v];
    best[v] = wins ? logits[v] : best[v];
  }
}

}  // namespace tuckerseg
