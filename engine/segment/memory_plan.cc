#include "engine/segment/memory_plan.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/execute/patch_band.h"
#include "engine/model/tucker_fold.h"
#include "engine/segment/linear_head.h"
#include "engine/segment/logits_export.h"
#include "engine/segment/patch_accumulator.h"
#include "engine/segment/patch_grid.h"
#include "engine/segment/preprocess.h"

namespace tuckerseg {
namespace {

constexpr auto kFloatBytes = static_cast<int64_t>(sizeof(float));
constexpr auto kDoubleBytes = static_cast<int64_t>(sizeof(double));
constexpr auto kHalfBytes = static_cast<int64_t>(sizeof(uint16_t));
constexpr auto kLabelBytes = static_cast<int64_t>(sizeof(uint16_t));
constexpr auto kNumberBytes = static_cast<int64_t>(sizeof(int32_t));
constexpr auto kPlaceBytes = static_cast<int64_t>(sizeof(int64_t));

int64_t Voxels(const ArrayShape& shape) { return shape[0] * shape[1] * shape[2]; }

/// oneDNN works on channels in blocks of 16: a convolution's input and output are copied into that layout and back.
int64_t BlockedBytes(int64_t channels, const Size3& shape) { return (channels + 15) / 16 * 16 * Voxels(shape) * kFloatBytes; }

int64_t ScratchBytes(const Layer& layer, const Size3& in, const Size3& out) {
  switch (layer.kind) {
    case LayerKind::kConvolution:
    case LayerKind::kTransposedConvolution:
      return BlockedBytes(layer.in_channels, in) + BlockedBytes(layer.out_channels, out);
    case LayerKind::kTuckerConvolution:
    case LayerKind::kTuckerTransposedConvolution:
    {
      // A reduced feature behind each factor that is not part of the core; the factors' copies are not held at the same time.
      const TuckerFold fold = CheapestFoldOnCpu(layer);
      return BlockedBytes(layer.in_channels, in) + BlockedBytes(layer.out_channels, out) + (fold.in ? 0 : 2 * BlockedBytes(layer.rank_in, in)) +
             (fold.out ? 0 : 2 * BlockedBytes(layer.rank_out, out));
    }
    default:
      return 0;
  }
}

/// What a step of a convolution reads or makes.
struct StepFeature {
  int64_t channels = 0;
  Size3 shape{};
};

int64_t BytesOf(const StepFeature& feature) { return feature.channels * Voxels(feature.shape) * kFloatBytes; }
int64_t BlockedBytes(const StepFeature& feature) { return BlockedBytes(feature.channels, feature.shape); }

/// What a convolution reads, and what its steps make one after another: of a Tucker layer a reduced feature behind each factor that is not part of the core, then its output.
std::vector<StepFeature> StepFeaturesOf(const Layer& layer, const Size3& in, const Size3& out) {
  const TuckerFold fold = IsTucker(layer.kind) ? CheapestFold(layer) : TuckerFold{.in = true, .out = true};
  std::vector<StepFeature> features{{layer.in_channels, in}};
  if (!fold.in) features.push_back({layer.rank_in, in});
  if (!fold.out) features.push_back({layer.rank_out, out});
  features.push_back({layer.out_channels, out});
  return features;
}

/// What a convolution holds at its most beside what was alive before it, where each step frees what it has read. `freed_input`: bytes of the layer's input that its first step frees, too.
/// Copies in oneDNN's layout stand for what cuDNN works on.
int64_t StepBytes(const std::vector<StepFeature>& features, int64_t freed_input) {
  int64_t most = 0;
  for (size_t i = 0; i + 1 < features.size(); ++i) {
    const StepFeature& read = features[i];
    const StepFeature& made = features[i + 1];
    const int64_t held = i == 0 ? 0 : BytesOf(read) - freed_input;
    most = std::max(most, held + BytesOf(made) + BlockedBytes(read) + BlockedBytes(made));
  }
  return most;
}

/// The most that is alive at once. `work_bytes` says what a layer holds at its most beside what was alive before it: (layer, shape of its input, of its output, bytes that it makes, bytes
/// of its input that nobody else reads).
template <typename WorkBytes>
int64_t MostAlive(const LayerGraph& graph, const Size3& patch, const WorkBytes& work_bytes) {
  std::vector<int64_t> bytes;
  const std::vector<Size3> shapes = FeatureShapes(graph, patch);
  std::vector<size_t> last_use(graph.layers.size(), graph.layers.size());
  for (size_t i = 0; i < graph.layers.size(); ++i)
    for (const int input : graph.layers[i].inputs) last_use[static_cast<size_t>(input)] = i;
  int64_t live = 0;
  int64_t peak = 0;
  for (size_t i = 0; i < graph.layers.size(); ++i) {
    const Layer& layer = graph.layers[i];
    const auto source = layer.inputs.empty() ? size_t{0} : static_cast<size_t>(layer.inputs.front());
    const Size3 in = layer.inputs.empty() ? patch : shapes[source];
    const bool is_last_reader = !layer.inputs.empty() && last_use[source] == i;
    // A leaky ReLU works in place where nobody else reads its input.
    const bool in_place = layer.kind == LayerKind::kLeakyRelu && is_last_reader && source != 0;
    const int64_t made = in_place ? 0 : layer.out_channels * Voxels(shapes[i]) * kFloatBytes;
    peak = std::max(peak, live + work_bytes(layer, in, shapes[i], made, is_last_reader ? bytes[source] : 0));
    bytes.push_back(in_place ? std::exchange(bytes[source], 0) : made);
    live += made;
    for (const int input : layer.inputs)
      if (last_use[static_cast<size_t>(input)] == i) live -= std::exchange(bytes[static_cast<size_t>(input)], 0);
  }
  return peak;
}

/// Doubles that resampling along three axes works on: one axis in, one out.
int64_t ResamplingBytes(const ArrayShape& from, const ArrayShape& to) {
  int64_t widest = 1;
  for (size_t a = 0; a < 3; ++a) widest *= std::max(from[a], to[a]);
  return 2 * widest * kDoubleBytes;
}

/// What executors run of a part.
LayerGraph NetworkOf(const ModelPart& part) { return LinearHead::Pays(part) ? LinearHead::TrunkOf(part.graph) : part.graph; }

/// What a head that runs apart from the network gives, before it is labels.
int64_t HeadBytes(const PatchGrid& grid, int64_t features, int64_t classes, Finishing finishing, int threads) {
  const int64_t line = classes * grid.image[2] * kFloatBytes;
  switch (finishing) {
    case Finishing::kLargest: return std::max(threads, 1) * PatchAccumulator::LinesAtOnce(grid, features) * grid.image[2] * kLabelBytes;
    case Finishing::kLines: return std::max(threads, 1) * line;
    case Finishing::kWholeRows: break;
  }
  return grid.image[1] * line;
}

/// Whether a device with memory of its own sums what it runs.
bool DeviceSums(const SegmentOptions& options) { return options.sum_on_device && options.accumulation == Accumulation::kFloat32; }

/// What running a part's patches and summing them on the host takes. Where a device gives it the logits, the features counted here are more than enough room for them.
int64_t RunAndSumBytes(const ModelPart& part, const PatchGrid& grid, Finishing finishing, const SegmentOptions& options) {
  const int64_t patch = Voxels(part.patch_size);
  const int64_t classes = part.graph.OutChannels();
  const bool head = LinearHead::Pays(part);
  const SummedChannels summed = SummedChannelsOf(part.graph, part.folds.size(), head);
  // A second set of logits for the mean over mirrored patches.
  const int64_t mirrored = part.mirror_axes.empty() ? 0 : summed.of_fold * patch * kFloatBytes;
  int64_t bytes = ActivationBytes(NetworkOf(part), part.patch_size) + mirrored;
  if (options.accumulation == Accumulation::kFloat32) {
    bytes += PatchAccumulator::Bytes(grid, summed.channels, finishing, options.threads);
    if (head) bytes += HeadBytes(grid, summed.channels, classes, finishing, options.threads);
  } else {
    // Halves of the whole image, and once more to sum folds.
    bytes += (part.folds.size() > 1 ? 2 : 1) * classes * Voxels(grid.padded) * kHalfBytes;
    if (head) bytes += classes * patch * kFloatBytes;
  }
  return bytes;
}

/// What a device that sums has finished and is not labels of the case yet: the largest classes of a row of patches, else the means of a row of voxels.
int64_t FinishedBytes(const ModelPart& part, const PatchGrid& grid, Finishing finishing, int threads) {
  const int64_t row = grid.image[1] * grid.image[2];
  if (finishing == Finishing::kLargest) return std::min(grid.patch[0], grid.image[0]) * row * kLabelBytes;
  const bool head = LinearHead::Pays(part);
  const int64_t channels = SummedChannelsOf(part.graph, part.folds.size(), head).channels;
  return channels * row * kFloatBytes + (head ? HeadBytes(grid, channels, part.graph.OutChannels(), finishing, threads) : 0);
}

/// What is held while the patches of a part run, beside the case's image and labels.
int64_t PartBytes(const Model& model, const ModelPart& part, const CaseGeometry& image, const SegmentOptions& options, NetworkMemory networks) {
  const ExportGrids grids = ExportGridsOf(part, image.shape, image.spacing_mm);
  const PatchGrid grid = MakePatchGrid(grids.network, part.patch_size, model.pipeline.tile_step);
  const Finishing finishing = FinishingOf(part, grids);
  const bool on_device = networks == NetworkMemory::kDevice && DeviceSums(options);
  const int64_t around = Voxels(grids.network) * kFloatBytes + Voxels(part.patch_size) * kFloatBytes + LogitsExportBytes(part, grids, options.threads);
  const int64_t bytes = around + (on_device ? FinishedBytes(part, grid, finishing, options.threads) : RunAndSumBytes(part, grid, finishing, options));
  const int64_t before = grids.network == grids.wanted ? 0 : Voxels(grids.wanted) * kFloatBytes + ResamplingBytes(grids.wanted, grids.network);
  return std::max(bytes, Voxels(grids.network) * kFloatBytes + before);
}

/// What a part's networks and their sums take on a device with memory of its own.
int64_t DevicePartBytes(const Model& model, const ModelPart& part, const CaseGeometry& image, int patches_at_once) {
  const PatchGrid grid = MakePatchGrid(ExportGridsOf(part, image.shape, image.spacing_mm).network, part.patch_size, model.pipeline.tile_step);
  const bool head = LinearHead::Pays(part);
  const SummedChannels summed = SummedChannelsOf(part.graph, part.folds.size(), head);
  const int64_t mirrored = part.mirror_axes.empty() ? 0 : 2 * summed.of_fold * Voxels(part.patch_size) * kFloatBytes;  // the mean, and what is turned back
  const int64_t at_once = std::clamp<int64_t>(patches_at_once, 1, static_cast<int64_t>(grid.origins[2].size()));
  return at_once * (DeviceActivationBytes(NetworkOf(part), part.patch_size) + mirrored) + (at_once - 1) * Voxels(part.patch_size) * kFloatBytes +
         PatchBandBytes({.image = grid.image, .padding = grid.padding, .padded = grid.padded, .patch = grid.patch, .channels = summed.channels}, head ? part.graph.OutChannels() : 0);
}

}  // namespace

int64_t ActivationBytes(const LayerGraph& graph, const Size3& patch) {
  return MostAlive(graph, patch, [](const Layer& layer, const Size3& in, const Size3& out, int64_t made, int64_t) { return made + ScratchBytes(layer, in, out); });
}

int64_t DeviceActivationBytes(const LayerGraph& graph, const Size3& patch) {
  return MostAlive(graph, patch, [](const Layer& layer, const Size3& in, const Size3& out, int64_t made, int64_t freed_input) {
    return IsConvolution(layer.kind) ? StepBytes(StepFeaturesOf(layer, in, out), freed_input) : made;
  });
}

int64_t PatchBytes(const Model& model) {
  int64_t bytes = 0;
  for (const ModelPart& part : model.parts) bytes = std::max(bytes, ActivationBytes(NetworkOf(part), part.patch_size));
  return bytes;
}

int64_t DeviceBytes(const Model& model, const Geometry& geometry, const SegmentOptions& options) {
  const bool sums = DeviceSums(options);
  const CaseGeometry image = CaseGeometryOf(geometry, model);
  int64_t bytes = 0;
  for (const ModelPart& part : model.parts) {
    bytes = std::max(bytes, sums ? DevicePartBytes(model, part, image, options.patches_at_once) : DeviceActivationBytes(NetworkOf(part), part.patch_size));
  }
  return bytes;
}

int64_t PredictPeakBytes(const Model& model, const Geometry& geometry, const SegmentOptions& options, NetworkMemory networks) {
  const CaseGeometry image = CaseGeometryOf(geometry, model);
  const int64_t voxels = Voxels(image.shape);
  int64_t part_bytes = 0;
  for (const ModelPart& part : model.parts) part_bytes = std::max(part_bytes, PartBytes(model, part, image, options, networks));
  // The case's image and labels are there from the first patch to the last; the map on the input's grid comes when the image has gone.
  const int64_t reading = voxels * kFloatBytes + (model.pipeline.resampling_order == 1
                                                      ? 0
                                                      : ResamplingBytes({geometry.shape[2], geometry.shape[1], geometry.shape[0]}, image.shape));
  // Statistics on the model's grid look at the image once more at the end: it is kept beside the one that is cropped.
  const int64_t images = options.statistics && model.pipeline.statistics_at_model_spacing ? 2 : 1;
  const int64_t predicting = voxels * (images * kFloatBytes + kLabelBytes) + part_bytes;
  // Of components each voxel's group and number, and places that are still to be looked at: as many as there are voxels at most. Where no sums are the host's, nothing else hides it.
  const bool cleans = !model.pipeline.cleaning.empty() || options.drop_below_mm3 > 0;
  const int64_t cleaning = cleans ? voxels * (kFloatBytes + 2 * kLabelBytes + kNumberBytes + kPlaceBytes) : 0;
  const int64_t restoring = voxels * kLabelBytes + geometry.VoxelCount() * kLabelBytes;
  return std::max({reading, predicting, cleaning, restoring});
}

}  // namespace tuckerseg
