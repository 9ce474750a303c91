#include "engine/segment/logits_export.h"

#include <algorithm>
#include <utility>

#include "engine/parallel.h"
#include "engine/half.h"
#include "engine/segment/label_rule.h"
#include "engine/stopping.h"
#include "engine/volume/line_resampler.h"

namespace tuckerseg {
namespace {

constexpr auto kFloatBytes = static_cast<int64_t>(sizeof(float));
constexpr auto kDoubleBytes = static_cast<int64_t>(sizeof(double));
constexpr auto kLabelBytes = static_cast<int64_t>(sizeof(uint16_t));

int64_t Voxels(const ArrayShape& shape) { return shape[0] * shape[1] * shape[2]; }

/// nnU-Net's resampling returns halves.
void RoundAsReference(const SegmentOptions& options, std::span<float> logits) {
  if (options.accumulation != Accumulation::kReference) return;
  for (float& logit : logits) logit = RoundToHalf(logit);
}

/// The network's grid is the case's own. Threads may take different lines at the same time.
class DirectExport final : public LogitsExport {
 public:
  DirectExport(const ModelPart& part, const ExportGrids& grids)
      : part_(part), shape_(grids.network), labels_(static_cast<size_t>(Voxels(shape_))) {}

  Finishing finishing() const override { return part_.regions ? Finishing::kLines : Finishing::kLargest; }

  void Take(const LogitsBlock& block) override {
    const auto target = labels_.begin() + (block.row * shape_[1] + block.line_begin) * shape_[2];
    if (!block.largest.empty()) {
      std::transform(block.largest.begin(), block.largest.end(), target,
                     [this](uint16_t channel) { return static_cast<uint16_t>(part_.channel_labels[channel]); });
      return;
    }
    const auto voxels = static_cast<size_t>((block.line_end - block.line_begin) * shape_[2]);
    LabelRule rule(part_, voxels);
    for (int64_t c = 0; c < part_.graph.OutChannels(); ++c) {
      rule.AddChannel(c, block.logits.subspan(static_cast<size_t>(c * block.channel_stride), voxels));
    }
    std::copy(rule.labels().begin(), rule.labels().end(), target);
  }

  std::vector<uint16_t> Labels() override { return std::move(labels_); }

 private:
  const ModelPart& part_;
  ArrayShape shape_;
  std::vector<uint16_t> labels_;
};

/// Orders 0 and 1: a row of the wanted grid lies between two rows of the network's.
class RowExport final : public LogitsExport {
 public:
  RowExport(const ModelPart& part, const ExportGrids& grids, const HalfPixelRule& rule, const SegmentOptions& options, std::stop_token stop)
      : part_(part), grids_(grids), options_(options), stop_(std::move(stop)), rule_(part) {
    for (size_t a = 0; a < 3; ++a) {
      const int order = rule.separate_axis == static_cast<int>(a) ? 0 : rule.order;
      lines_.push_back(HalfPixelLine(grids.network[a], grids.wanted[a], order));
    }
    labels_.resize(static_cast<size_t>(Voxels(grids.wanted)));
    rows_.resize(static_cast<size_t>(2 * part.graph.OutChannels() * Plane()));
  }

  Finishing finishing() const override { return Finishing::kWholeRows; }

  void Take(const LogitsBlock& block) override {
    std::copy(block.logits.begin(), block.logits.end(), rows_.begin() + (block.row % 2) * part_.graph.OutChannels() * Plane());
    const LineResampler& rows = lines_[0];
    for (; next_ < grids_.wanted[0] && rows.Index(next_, rows.taps() - 1) <= block.row; ++next_) MakeRow(next_);
  }

  std::vector<uint16_t> Labels() override { return std::move(labels_); }

 private:
  int64_t Plane() const { return grids_.network[1] * grids_.network[2]; }

  void MakeRow(int64_t row) {
    const int64_t plane = grids_.wanted[1] * grids_.wanted[2];
    const int64_t channels = part_.graph.OutChannels();
    rule_.Reset(static_cast<size_t>(plane));
    std::vector<std::vector<float>> resampled(static_cast<size_t>(std::max(options_.threads, 1)));
    const auto at_once = static_cast<int64_t>(resampled.size());
    for (int64_t first = 0; first < channels; first += at_once) {
      ThrowIfStopped(stop_);
      const int64_t count = std::min(at_once, channels - first);
      ParallelFor(options_.threads, count, [&](int64_t begin, int64_t end) {
        for (int64_t c = begin; c < end; ++c) resampled[static_cast<size_t>(c)] = ResampledPlane(row, first + c);
      });
      for (int64_t c = 0; c < count; ++c) rule_.AddChannel(first + c, resampled[static_cast<size_t>(c)]);
    }
    std::copy(rule_.labels().begin(), rule_.labels().end(), labels_.begin() + row * plane);
  }

  std::vector<float> ResampledPlane(int64_t row, int64_t channel) const {
    const LineResampler& rows = lines_[0];
    std::vector<double> plane(static_cast<size_t>(Plane()), 0.0);
    for (int64_t tap = 0; tap < rows.taps(); ++tap) {
      const double weight = rows.Weight(row, tap);
      const float* source = rows_.data() + ((rows.Index(row, tap) % 2) * part_.graph.OutChannels() + channel) * Plane();
      for (size_t v = 0; v < plane.size(); ++v) plane[v] += weight * static_cast<double>(source[v]);
    }
    ArrayShape shape{1, grids_.network[1], grids_.network[2]};
    for (const int axis : {2, 1}) {
      const LineResampler& line = lines_[static_cast<size_t>(axis)];
      plane = ResampleAlong(std::span<const double>(plane), shape, axis, line, 1);
      shape[static_cast<size_t>(axis)] = line.length_out();
    }
    std::vector<float> logits(plane.begin(), plane.end());
    RoundAsReference(options_, logits);
    return logits;
  }

  const ModelPart& part_;
  ExportGrids grids_;
  SegmentOptions options_;
  std::stop_token stop_;
  std::vector<LineResampler> lines_;  // of each axis
  LabelRule rule_;
  std::vector<float> rows_;  // the last two rows of the network's grid: [row mod 2][channel][plane]
  std::vector<uint16_t> labels_;
  int64_t next_ = 0;  // row of the wanted grid
};

/// Order 3: the spline's prefilter runs through the whole volume.
class WholeExport final : public LogitsExport {
 public:
  WholeExport(const ModelPart& part, const ExportGrids& grids, const SegmentOptions& options, std::stop_token stop, std::function<void()> step)
      : part_(part), grids_(grids), options_(options), stop_(std::move(stop)), step_(std::move(step)),
        logits_(static_cast<size_t>(part.graph.OutChannels() * Voxels(grids.network))) {}

  Finishing finishing() const override { return Finishing::kWholeRows; }

  void Take(const LogitsBlock& block) override {
    const int64_t plane = grids_.network[1] * grids_.network[2];
    for (int64_t c = 0; c < part_.graph.OutChannels(); ++c) {
      std::copy_n(block.logits.begin() + c * plane, plane, logits_.begin() + plane * (c * grids_.network[0] + block.row));
    }
  }

  std::vector<uint16_t> Labels() override {
    LabelRule rule(part_, static_cast<size_t>(Voxels(grids_.wanted)));
    std::vector<float> resampled(static_cast<size_t>(Voxels(grids_.wanted)));
    const int64_t voxels = Voxels(grids_.network);
    for (int64_t c = 0; c < part_.graph.OutChannels(); ++c) {
      ThrowIfStopped(stop_);
      ResampleByPlans(part_.logits_resampling, std::span<const float>(logits_).subspan(static_cast<size_t>(c * voxels), static_cast<size_t>(voxels)),
                      grids_.network, grids_.network_mm, resampled, grids_.wanted, grids_.wanted_mm, {options_.threads, stop_});
      RoundAsReference(options_, resampled);
      rule.AddChannel(c, resampled);
      if (step_) step_();
    }
    logits_ = {};
    return {rule.labels().begin(), rule.labels().end()};
  }

 private:
  const ModelPart& part_;
  ExportGrids grids_;
  SegmentOptions options_;
  std::stop_token stop_;
  std::function<void()> step_;
  std::vector<float> logits_;  // [channel][network]
};

bool FitsRows(const ModelPart& part) {
  return part.logits_resampling.kind == ResamplingKind::kTorchTrilinear || part.logits_resampling.order <= 1;
}

}  // namespace

ExportGrids ExportGridsOf(const ModelPart& part, const ArrayShape& case_shape, const Spacing3& case_spacing_mm) {
  return {NetworkShape(part, case_shape, case_spacing_mm), part.spacing_mm, ToNetworkAxes(part, case_shape),
          ToNetworkAxes(part, case_spacing_mm)};
}

Finishing FinishingOf(const ModelPart& part, const ExportGrids& grids) {
  if (grids.network != grids.wanted) return Finishing::kWholeRows;
  return part.regions ? Finishing::kLines : Finishing::kLargest;
}

std::unique_ptr<LogitsExport> MakeLogitsExport(const ModelPart& part, const ExportGrids& grids, const SegmentOptions& options,
                                               const std::stop_token& stop, std::function<void()> step) {
  if (grids.network == grids.wanted) return std::make_unique<DirectExport>(part, grids);
  if (!FitsRows(part)) return std::make_unique<WholeExport>(part, grids, options, stop, std::move(step));
  return std::make_unique<RowExport>(part, grids, HalfPixelRuleOf(part.logits_resampling, grids.network_mm, grids.wanted_mm), options, stop);
}

int64_t LogitsExportBytes(const ModelPart& part, const ExportGrids& grids, int threads) {
  const int64_t channels = part.graph.OutChannels();
  const int64_t labels = Voxels(grids.wanted) * kLabelBytes;
  if (grids.network == grids.wanted) return labels;
  if (FitsRows(part)) {
    const int64_t plane = std::max(grids.network[1], grids.wanted[1]) * std::max(grids.network[2], grids.wanted[2]);
    return labels + 2 * channels * grids.network[1] * grids.network[2] * kFloatBytes + threads * plane * (2 * kDoubleBytes + kFloatBytes);
  }
  // Every logit; the doubles that the resampling of one channel works on, axis after axis; the resampled channel, and the best of
  // those before it.
  int64_t widest = 1;
  for (size_t a = 0; a < 3; ++a) widest *= std::max(grids.network[a], grids.wanted[a]);
  return 2 * labels + channels * Voxels(grids.network) * kFloatBytes + 2 * widest * kDoubleBytes + 2 * Voxels(grids.wanted) * kFloatBytes;
}

int64_t MergeLabels(std::span<const uint16_t> part_labels, const ModelPart& part, const CaseImage& image, std::span<uint16_t> labels, const CaseRows& counted,
                    const std::stop_token& stop) {
  // The place of network axis i in the case is axis transpose_forward[i]: its stride there.
  const ArrayShape shape = ToNetworkAxes(part, image.box.Shape());
  const ArrayShape step = ToNetworkAxes(part, ArrayShape{image.shape[1] * image.shape[2], image.shape[2], 1});
  const ArrayShape begin = ToNetworkAxes(part, image.box.begin);
  const int64_t plane = image.shape[1] * image.shape[2];
  const int64_t counted_begin = counted.begin * plane;
  const int64_t counted_end = counted.end * plane;
  const uint16_t* source = part_labels.data();
  int64_t overwritten = 0;
  for (int64_t x = 0; x < shape[0]; ++x) {
    ThrowIfStopped(stop);
    for (int64_t y = 0; y < shape[1]; ++y) {
      int64_t place = (x + begin[0]) * step[0] + (y + begin[1]) * step[1] + begin[2] * step[2];
      for (int64_t z = 0; z < shape[2]; ++z, ++source, place += step[2]) {
        if (*source == 0) continue;
        uint16_t& label = labels[static_cast<size_t>(place)];
        if (label != 0 && label != *source && place >= counted_begin && place < counted_end) ++overwritten;
        label = *source;
      }
    }
  }
  return overwritten;
}

}  // namespace tuckerseg
