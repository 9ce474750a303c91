#include "engine/segment/logits_export.h"

#include <algorithm>

#include "engine/error.h"
#include "engine/parallel.h"
#include "engine/segment/half.h"

namespace tuckerseg {
namespace {

size_t Voxels(const ArrayShape& shape) { return static_cast<size_t>(shape[0] * shape[1] * shape[2]); }

}  // namespace

LogitsExport::LogitsExport(const CaseImage& image, const ModelPart& part, const SegmentOptions& options)
    : image_(image),
      part_(part),
      options_(options),
      cropped_(ToNetworkAxes(part, image.box.Shape())),
      network_(NetworkShape(part, image.box.Shape(), image.spacing_mm)),
      row_rule_(part, cropped_ == network_ ? static_cast<size_t>(network_[1] * network_[2]) : 0),
      labels_(cropped_ == network_ ? Voxels(cropped_) : 0),
      logits_(cropped_ == network_ ? 0 : static_cast<size_t>(part.graph.OutChannels()) * Voxels(network_)) {}

void LogitsExport::TakeRow(int64_t row, std::span<const float> logits) {
  const auto plane = static_cast<size_t>(network_[1] * network_[2]);
  const int64_t channels = part_.graph.OutChannels();
  if (!logits_.empty()) {
    for (int64_t c = 0; c < channels; ++c) {
      const auto source = logits.subspan(static_cast<size_t>(c) * plane, plane);
      std::copy(source.begin(), source.end(),
                logits_.begin() + static_cast<int64_t>(plane) * (c * network_[0] + row));
    }
    return;
  }
  row_rule_.Reset();
  for (int64_t c = 0; c < channels; ++c) row_rule_.AddChannel(c, logits.subspan(static_cast<size_t>(c) * plane, plane));
  std::copy(row_rule_.labels().begin(), row_rule_.labels().end(),
            labels_.begin() + row * static_cast<int64_t>(plane));
}

void LogitsExport::MergeInto(std::span<uint16_t> labels, const std::stop_token& stop) {
  if (!logits_.empty()) {
    LabelRule rule(part_, Voxels(cropped_));
    std::vector<float> resampled(Voxels(cropped_));
    for (int64_t c = 0; c < part_.graph.OutChannels(); ++c) {
      if (stop.stop_requested()) throw Error(ErrorCode::kCancelled, "cancelled between two channels");
      const std::span<const float> channel(logits_.data() + c * static_cast<int64_t>(Voxels(network_)), Voxels(network_));
      ResampleByPlans(part_.logits_resampling, channel, network_, part_.spacing_mm, resampled, cropped_,
                      ToNetworkAxes(part_, image_.spacing_mm), options_.threads);
      if (options_.accumulation == Accumulation::kReference) {
        for (float& logit : resampled) logit = RoundToHalf(logit);  // nnU-Net's resampling returns halves
      }
      rule.AddChannel(c, resampled);
    }
    labels_.assign(rule.labels().begin(), rule.labels().end());
    logits_ = {};
  }
  // The place of network axis i in the case is axis transpose_forward[i]: its stride there.
  const ArrayShape strides{image_.shape[1] * image_.shape[2], image_.shape[2], 1};
  const ArrayShape step = ToNetworkAxes(part_, strides);
  const ArrayShape begin = ToNetworkAxes(part_, image_.box.begin);
  const uint16_t* source = labels_.data();
  for (int64_t x = 0; x < cropped_[0]; ++x)
    for (int64_t y = 0; y < cropped_[1]; ++y) {
      uint16_t* target =
          labels.data() + (x + begin[0]) * step[0] + (y + begin[1]) * step[1] + begin[2] * step[2];
      for (int64_t z = 0; z < cropped_[2]; ++z, ++source)
        if (*source != 0) target[z * step[2]] = *source;
    }
}

}  // namespace tuckerseg
