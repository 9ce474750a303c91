#include "compression/train/validation.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "engine/execute/executor.h"
#include "engine/execute/torch/torch_errors.h"
#include "engine/half.h"
#include "engine/segment/label_rule.h"
#include "engine/segment/predict.h"
#include "engine/volume/label_overlap.h"

namespace tuckerseg {
namespace {

/// Weights in training behind the interface that the sliding window runs.
class TrainingExecutor final : public Executor {
 public:
  TrainingExecutor(const TrainableGraph& graph, const Parameters& parameters, Precision precision)
      : graph_(graph), parameters_(parameters), precision_(precision) {}

  std::span<const float> Run(std::span<const float> patch, const Size3& shape) override {
    logits_.reset();  // of the patch before: as large as what comes
    logits_ = WithTorchErrors("a patch of validation: must be a smaller patch", [&] { return Logits(patch, shape); });
    return {logits_.const_data_ptr<float>(), static_cast<size_t>(logits_.numel())};
  }

 private:
  at::Tensor Logits(std::span<const float> patch, const Size3& shape) const {
    const at::NoGradGuard no_gradients;
    const at::Tensor input = at::from_blob(const_cast<float*>(patch.data()), {1, 1, shape[0], shape[1], shape[2]}, at::kFloat);
    const at::Tensor there = input.to(parameters_.begin()->second.device()).contiguous(at::MemoryFormat::ChannelsLast3d);
    return graph_.Forward(parameters_, there, precision_).front().to(at::kCPU).contiguous();
  }

  const TrainableGraph& graph_;
  const Parameters& parameters_;
  Precision precision_;
  at::Tensor logits_;
};

/// Channels as labels, so that LabelRule answers in channels.
ModelPart WithChannelNumbers(ModelPart part) {
  for (size_t c = 0; c < part.channel_labels.size(); ++c) part.channel_labels[c] = static_cast<int64_t>(c);
  return part;
}

void PutRow(LabelRule& rule, int64_t channels, std::span<const float> logits, uint8_t* row) {
  const size_t voxels = logits.size() / static_cast<size_t>(channels);
  rule.Reset(voxels);
  for (int64_t c = 0; c < channels; ++c) rule.AddChannel(c, logits.subspan(static_cast<size_t>(c) * voxels, voxels));
  for (size_t v = 0; v < voxels; ++v) row[v] = static_cast<uint8_t>(rule.labels()[v]);
}

void AddOverlaps(const std::vector<uint8_t>& predicted, const std::vector<uint8_t>& reference, std::array<Overlap, 256>& overlaps) {
  for (size_t v = 0; v < predicted.size(); ++v) {
    ++overlaps[predicted[v]].predicted;
    ++overlaps[reference[v]].reference;
    if (predicted[v] == reference[v]) ++overlaps[predicted[v]].both;
  }
}

ValidationScore ScoreOf(const std::array<Overlap, 256>& overlaps) {
  ValidationScore score;
  for (size_t c = 1; c < overlaps.size(); ++c) {
    const Overlap& overlap = overlaps[c];
    if (overlap.reference == 0) continue;
    const double dice = overlap.Dice();
    score.by_channel[static_cast<uint8_t>(c)] = dice;
    score.dice += dice;
  }
  if (!score.by_channel.empty()) score.dice /= static_cast<double>(score.by_channel.size());
  return score;
}

}  // namespace

bool CanBeScored(const std::vector<TrainingCase>& cases) {
  return std::any_of(cases.begin(), cases.end(), [](const TrainingCase& source) { return !source.places.empty(); });
}

std::vector<uint8_t> SegmentCase(const TrainableGraph& graph, const Parameters& parameters, const ModelPart& part, double tile_step,
                                 const TrainingCase& source, Precision precision, int threads) {
  const ModelPart numbered = WithChannelNumbers(part);
  std::vector<std::unique_ptr<Executor>> executors;
  executors.push_back(std::make_unique<TrainingExecutor>(graph, parameters, precision));
  std::vector<float> image;
  image.reserve(source.image.size());
  for (const uint16_t half : source.image) image.push_back(FloatFromHalf(half));
  const PatchGrid grid = MakePatchGrid(source.shape, part.patch_size, tile_step);
  const int64_t row_voxels = source.shape[1] * source.shape[2];
  LabelRule rule(numbered);
  SegmentOptions options;
  options.threads = threads;
  std::vector<uint8_t> channels(source.image.size());
  PredictLogits(image, grid, {numbered, executors, options, {}, {}}, Finishing::kWholeRows, [&](const LogitsBlock& block) {
    PutRow(rule, graph.graph().OutChannels(), block.logits, channels.data() + block.row * row_voxels);
  });
  return channels;
}

ValidationScore Validate(const TrainableGraph& graph, const Parameters& parameters, const ModelPart& part, double tile_step,
                         const std::vector<TrainingCase>& cases, Precision precision, int threads) {
  std::array<Overlap, 256> overlaps{};
  for (const TrainingCase& source : cases) {
    AddOverlaps(SegmentCase(graph, parameters, part, tile_step, source, precision, threads), source.channels, overlaps);
  }
  return ScoreOf(overlaps);
}

}  // namespace tuckerseg
