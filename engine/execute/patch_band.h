/// Sums of overlapping patches on the device that runs them: what a GPU's sliding window keeps to itself until it is finished.
#pragma once

#include <cstdint>
#include <span>

#include "engine/model/layer_graph.h"

namespace tuckerseg {

/// An image and the patches that slide over it. Places are in the padded image, axes as the network has them.
struct PatchBandShape {
  Size3 image{};
  Size3 padding{};        ///< voxels of 0 before the image
  Size3 padded{};
  Size3 patch{};
  int64_t channels = 0;   ///< that are summed
  int64_t averaged = 1;   ///< networks that add to the same channels
};

/// Bytes that a band takes on its device, what comes and goes while its rows are read included. `classes`: of the head that will read them.
int64_t PatchBandBytes(const PatchBandShape& shape, int64_t classes);

/// A linear layer behind the channels: logit of class c = bias[c] + sum over channels of weights[c][channel] * value.
struct BandHead {
  int64_t classes = 0;
  std::span<const float> weights;  ///< [class][channel]
  std::span<const float> bias;     ///< [class]
};

/// Weighted sums of a band of rows as thick as a patch, all lines of them, on an executor's device. Executors of the same factory add to it (Executor::RunInto).
/// Rounds as engine/segment/patch_accumulator.h does: each product, each sum, the inverse of the weights, and the mean. Rows are the image's, before padding.
/// Not thread-safe. Errors of all: kResourceExhausted if the device has no memory left.
class PatchBand {
 public:
  virtual ~PatchBand() = default;

  /// Waits until the device has done all that it was told to.
  virtual void Wait() = 0;

  /// Means of one row: [channel][line][voxel]. Errors: kInternal if one is not in [-most, most].
  virtual void Means(int64_t row, float most, std::span<float> means) = 0;

  /// The channel with the largest mean, of each voxel of the rows in [begin, end): [row][line][voxel]; the lowest where several are as large. With `head`: the class with the
  /// largest logit. Errors: as Means.
  virtual void Largest(int64_t begin, int64_t end, const BandHead* head, float most, std::span<uint16_t> largest) = 0;

  /// Rows of the padded image before `row` are done with: those a patch's length later take their place.
  virtual void Forget(int64_t row) = 0;
};

}  // namespace tuckerseg
