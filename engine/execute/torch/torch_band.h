/// A band of patch sums as LibTorch tensors, on any of its devices.
#pragma once

#include <ATen/ATen.h>
#include <c10/core/Event.h>

#include <cstdint>
#include <optional>
#include <span>

#include "engine/execute/patch_band.h"

namespace tuckerseg {

class TorchBand final : public PatchBand {
 public:
  /// `image`: [d0][d1][d2] of shape.image, C order, on the host; `importance` likewise, of a patch.
  TorchBand(const PatchBandShape& shape, std::span<const float> image, std::span<const float> importance, at::Device device);
  /// Waits for what was added: who comes next has the device to itself.
  ~TorchBand() override;
  TorchBand(const TorchBand&) = delete;
  TorchBand& operator=(const TorchBand&) = delete;

  /// The image's patch at `origin`: [1, 1, d0, d1, d2] in float32, a view.
  at::Tensor Patch(const Size3& origin) const;

  /// Adds what a network gave for the patch at `origin`, weighted: [1, channels, d0, d1, d2] in float32, which is written over.
  void Add(const at::Tensor& values, const Size3& origin, int64_t first_channel, bool first_fold);

  /// Says that a call's patches have been added, and waits for those of the call before: the host is never more than one call ahead.
  void EndCall();

  void Wait() override;
  void Means(int64_t row, float most, std::span<float> means) override;
  void Largest(int64_t begin, int64_t end, const BandHead* head, float most, std::span<uint16_t> largest) override;
  void Forget(int64_t row) override;

 private:
  /// The same rows of `tensor`, whose first axis is the band's, in one or two pieces: visit(piece, first of its rows, counted from `begin`).
  template <typename Visit>
  void VisitRows(const at::Tensor& tensor, int64_t begin, int64_t end, const Visit& visit) const;
  at::Tensor MeansOfRow(int64_t row) const;

  const PatchBandShape shape_;
  at::Device device_;
  at::Tensor image_;       // padded
  at::Tensor importance_;  // [patch d0, 1, patch d1, patch d2]
  at::Tensor sums_;        // [row mod patch d0, channel, padded d1, padded d2]
  at::Tensor weights_;     // the same of one channel: summed importance
  int64_t first_row_ = 0;  // of the padded image, that the band holds
  std::optional<c10::Event> last_call_;  // on CUDA: what it waits for has been done
};

}  // namespace tuckerseg
