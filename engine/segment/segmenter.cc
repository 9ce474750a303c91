#include "engine/segment/segmenter.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "engine/error.h"
#include "engine/segment/logits_export.h"
#include "engine/segment/predict.h"
#include "engine/segment/preprocess.h"

namespace tuckerseg {
namespace {

/// Adds the seconds of its scope to a counter.
class StageTimer {
 public:
  explicit StageTimer(double& seconds) : seconds_(seconds), begin_(std::chrono::steady_clock::now()) {}
  ~StageTimer() { seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count(); }
  StageTimer(const StageTimer&) = delete;
  StageTimer& operator=(const StageTimer&) = delete;

 private:
  double& seconds_;
  std::chrono::steady_clock::time_point begin_;
};

/// Tells the sink where the work is.
class ProgressCounter {
 public:
  ProgressCounter(const ProgressSink& sink, int64_t patches) : sink_(sink) { progress_.patches_total = patches; }
  void Enter(Stage stage) {
    progress_.stage = stage;
    Tell();
  }
  void PatchDone() {
    ++progress_.patches_done;
    Tell();
  }

 private:
  void Tell() const {
    if (sink_) sink_(progress_);
  }
  const ProgressSink& sink_;
  Progress progress_;
};

int64_t PatchCount(const Model& model, const CaseImage& image) {
  int64_t count = 0;
  for (const ModelPart& part : model.parts) {
    const ArrayShape shape = NetworkShape(part, image.box.Shape(), image.spacing_mm);
    count += MakePatchGrid(shape, part.patch_size, model.pipeline.tile_step).PatchCount() *
             static_cast<int64_t>(part.folds.size());
  }
  return count;
}

/// What ResampleByPlans cannot do, refused before a patch has run.
void CheckResampling(const ModelPart& part) {
  for (const Resampling* rule : {&part.data_resampling, &part.logits_resampling}) {
    if (rule->kind == ResamplingKind::kDefault && rule->order_z != 0) {
      throw Error(ErrorCode::kFailedPrecondition, "part " + part.name + ": order_z = " + std::to_string(rule->order_z) +
                                                      ": must be 0, the order nnU-Net's planner writes");
    }
  }
  if (part.logits_resampling.kind == ResamplingKind::kNone && part.data_resampling.kind != ResamplingKind::kNone) {
    throw Error(ErrorCode::kFailedPrecondition, "part " + part.name + ": logits_resampling = none: must resample, as data_resampling does");
  }
}

void ThrowIfStopped(const std::stop_token& stop) {
  if (stop.stop_requested()) throw Error(ErrorCode::kCancelled, "cancelled");
}

/// Features that are alive at once while the graph runs on one patch, in bytes of float32.
int64_t ActivationBytes(const LayerGraph& graph, const Size3& patch) {
  std::vector<int64_t> bytes;
  std::vector<Size3> shapes;
  std::vector<size_t> last_use(graph.layers.size(), graph.layers.size());
  for (size_t i = 0; i < graph.layers.size(); ++i)
    for (const int input : graph.layers[i].inputs) last_use[static_cast<size_t>(input)] = i;
  int64_t live = 0;
  int64_t peak = 0;
  for (size_t i = 0; i < graph.layers.size(); ++i) {
    const Layer& layer = graph.layers[i];
    Size3 shape = layer.inputs.empty() ? patch : shapes[static_cast<size_t>(layer.inputs.front())];
    for (size_t a = 0; a < 3; ++a) {
      if (layer.kind == LayerKind::kTransposedConvolution) {
        shape[a] *= layer.stride[a];
      } else {
        shape[a] = (shape[a] + layer.stride[a] - 1) / layer.stride[a];
      }
    }
    shapes.push_back(shape);
    bytes.push_back(layer.out_channels * shape[0] * shape[1] * shape[2] * static_cast<int64_t>(sizeof(float)));
    live += bytes.back();
    peak = std::max(peak, live);
    for (const int input : layer.inputs)
      if (last_use[static_cast<size_t>(input)] == i) live -= std::exchange(bytes[static_cast<size_t>(input)], 0);
  }
  // Executors convert a layer's input and output to a blocked layout while it runs: as much again, at most.
  return 2 * peak;
}

}  // namespace

Segmenter::Segmenter(Bundle bundle, const ExecutorFactory& factory) : bundle_(std::move(bundle)) {
  for (size_t i = 0; i < bundle_.model.parts.size(); ++i) {
    const ModelPart& part = bundle_.model.parts[i];
    if (part.graph.InChannels() != 1 || part.normalization.size() != 1) {
      throw Error(ErrorCode::kFailedPrecondition, "part " + part.name + ": has " + std::to_string(part.graph.InChannels()) +
                                                      " input channels: must have 1, a CT volume");
    }
    const Size3 divisor = part.graph.PatchDivisor();
    for (size_t a = 0; a < 3; ++a) {
      if (part.patch_size[a] <= 0 || part.patch_size[a] % divisor[a] != 0) {
        throw Error(ErrorCode::kFailedPrecondition, "part " + part.name + ": patch_size[" + std::to_string(a) + "] = " +
                                                        std::to_string(part.patch_size[a]) + ": must be a multiple of " +
                                                        std::to_string(divisor[a]));
      }
    }
    CheckResampling(part);
    auto& folds = executors_.emplace_back();
    for (const std::string& fold : part.folds) {
      folds.push_back(factory(part.graph, bundle_.weights[i], "fold_" + fold + "."));
    }
  }
  bundle_.weights.clear();  // the executors have what they need; a mapped file need not stay open
}

Segmentation Segmenter::Segment(const Volume& volume, const SegmentOptions& options, std::stop_token stop,
                                const ProgressSink& progress) {
  const Model& model = bundle_.model;
  Segmentation result;
  CaseImage image;
  {
    const StageTimer timer(result.times.preprocess_s);
    if (progress) progress({Stage::kPreprocess, 0, 0});
    ThrowIfStopped(stop);
    image = MakeCase(volume, model, options.threads);
  }
  ProgressCounter counter(progress, PatchCount(model, image));
  std::vector<uint16_t> labels(static_cast<size_t>(image.shape[0] * image.shape[1] * image.shape[2]), 0);
  for (size_t i = 0; i < model.parts.size(); ++i) {
    const ModelPart& part = model.parts[i];
    std::vector<float> network_image;
    {
      const StageTimer timer(result.times.preprocess_s);
      counter.Enter(Stage::kPreprocess);
      ThrowIfStopped(stop);
      network_image = NetworkImage(image, part, options.threads);
    }
    LogitsExport logits(image, part, options);
    {
      const StageTimer timer(result.times.infer_s);
      counter.Enter(Stage::kInfer);
      const PatchGrid grid = MakePatchGrid(NetworkShape(part, image.box.Shape(), image.spacing_mm), part.patch_size,
                                           model.pipeline.tile_step);
      PredictLogits(network_image, grid, {part, executors_[i], options, stop, [&counter] { counter.PatchDone(); }},
                    [&logits](int64_t row, std::span<const float> values) { logits.TakeRow(row, values); });
    }
    const StageTimer timer(result.times.postprocess_s);
    counter.Enter(Stage::kPostprocess);
    logits.MergeInto(labels, stop);
  }
  const StageTimer timer(result.times.postprocess_s);
  counter.Enter(Stage::kPostprocess);
  ThrowIfStopped(stop);
  const Index3 shape{image.shape[2], image.shape[1], image.shape[0]};
  result.label_map = RestoreLabels(labels, shape, image.orientation, volume.geometry.shape, options.threads);
  return result;
}

int64_t Segmenter::PeakBytes(const Geometry& geometry, Accumulation accumulation) const {
  const CaseGeometry image = CaseGeometryOf(geometry, bundle_.model);
  const int64_t voxels = image.shape[0] * image.shape[1] * image.shape[2];
  const auto label_bytes = static_cast<int64_t>(sizeof(uint16_t));
  const auto float_bytes = static_cast<int64_t>(sizeof(float));
  const auto double_bytes = static_cast<int64_t>(sizeof(double));
  const auto half_bytes = static_cast<int64_t>(sizeof(uint16_t));
  int64_t peak = 0;
  for (const ModelPart& part : bundle_.model.parts) {
    const ArrayShape shape = NetworkShape(part, image.shape, image.spacing_mm);
    const int64_t network = shape[0] * shape[1] * shape[2];
    const PatchGrid grid = MakePatchGrid(shape, part.patch_size, bundle_.model.pipeline.tile_step);
    const int64_t patch = part.patch_size[0] * part.patch_size[1] * part.patch_size[2];
    const int64_t channels = part.graph.OutChannels();
    int64_t bytes = 2 * network * float_bytes + ActivationBytes(part.graph, part.patch_size) + channels * patch * float_bytes;
    // A second set of logits for the mean over mirrored patches.
    if (!part.mirror_axes.empty()) bytes += channels * patch * float_bytes;
    if (accumulation == Accumulation::kFloat32) {
      bytes += PatchAccumulator::Bytes(grid, channels);
    } else {
      // Halves of the whole image, and once more to sum folds.
      const int64_t padded = grid.padded[0] * grid.padded[1] * grid.padded[2];
      bytes += (part.folds.size() > 1 ? 2 : 1) * channels * padded * half_bytes;
    }
    // Logits kept for a resampling; the doubles that the resampling of one channel works on, axis after axis; the resampled
    // channel, and the best of those before it.
    const ArrayShape case_shape = ToNetworkAxes(part, image.shape);
    if (shape != case_shape) {
      int64_t widest = 1;
      for (size_t a = 0; a < 3; ++a) widest *= std::max(shape[a], case_shape[a]);
      bytes += channels * network * float_bytes + 2 * widest * double_bytes + 2 * voxels * float_bytes;
    }
    peak = std::max(peak, bytes);
  }
  return peak + 2 * voxels * float_bytes + voxels * label_bytes + geometry.VoxelCount() * label_bytes;
}

}  // namespace tuckerseg
