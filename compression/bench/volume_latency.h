/// How long a form of a model takes for a whole volume, and how much memory.
#pragma once

#include <cstdint>
#include <optional>

#include "compression/bench/peak_memory.h"
#include "engine/execute/executor.h"
#include "engine/model/bundle.h"
#include "engine/volume/volume.h"

namespace tuckerseg {

/// Of the volume its grid alone: what is measured goes where nobody may learn whose CT it was.
struct VolumeTime {
  Index3 shape{};         ///< voxels along i, j, k
  Spacing3 spacing_mm{};  ///< along the same axes, rounded to 1e-6 mm: float32 knows no more, and 0.78 stays 0.78
  int64_t patches = 0;    ///< that the networks ran on, over all parts and folds
  double seconds = 0;     ///< of Segmenter::Segment, everything in it
  /// Weights, image, features, logits and labels: the most held over what was held before the executors were made. The volume itself was.
  std::optional<int64_t> peak_bytes;
};

/// Segments `volume` once, with executors made for it: what they prepare at their first patch and the memory they take anew are in the
/// seconds, as in the first request to a server. `threads`: for everything outside the executors.
/// Errors: as Segmenter's, and what `factory` throws.
VolumeTime MeasureVolume(const Bundle& bundle, const ExecutorFactory& factory, const Volume& volume, int threads, PeakMemory& memory);

}  // namespace tuckerseg
