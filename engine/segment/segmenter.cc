#include "engine/segment/segmenter.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "engine/error.h"
#include "engine/segment/clean_labels.h"
#include "engine/segment/logits_export.h"
#include "engine/segment/memory_plan.h"
#include "engine/segment/patch_count.h"
#include "engine/segment/predict.h"
#include "engine/segment/preprocess.h"
#include "engine/segment/stopwatch.h"
#include "engine/segment/threefold_split.h"
#include "engine/stopping.h"

namespace tuckerseg {
namespace {

/// Tells the sink where the work is.
class ProgressCounter {
 public:
  explicit ProgressCounter(const ProgressSink& sink) : sink_(sink) {}
  void Expect(int64_t patches) { progress_.patches_total = patches; }
  void Enter(Stage stage) {
    progress_.stage = stage;
    Tell();
  }
  void PatchesDone(int64_t patches) {
    progress_.patches_done += patches;
    Tell();
  }
  /// Once more, where nothing of it has changed: the work goes on.
  void Tell() const {
    if (sink_) sink_(progress_);
  }

 private:
  const ProgressSink& sink_;
  Progress progress_;
};

/// What the resampling cannot do, refused before a patch has run.
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

void CheckPart(const ModelPart& part) {
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
}

void KeepOnly(const std::vector<int64_t>& structures, std::span<uint16_t> labels) {
  if (structures.empty()) return;
  std::vector<uint16_t> kept(65536, 0);
  for (const int64_t value : structures) kept[static_cast<size_t>(value)] = static_cast<uint16_t>(value);
  for (uint16_t& label : labels) label = kept[label];
}

}  // namespace

/// One volume on its way through a model.
class Segmenter::Run {
 public:
  Run(Segmenter& segmenter, const SegmentOptions& options, std::stop_token stop, const ProgressSink& progress, DeviceGate* gate)
      : segmenter_(segmenter), model_(segmenter.model()), options_(options), stop_(std::move(stop)), counter_(progress),
        gate_(gate), parts_(PartsFor(model_, options.structures)) {}

  Segmentation Segment(const Volume& volume) {
    CanonicalImage image = Read(volume);
    const std::vector<SplitPart> splits = SplitsOf(model_, image.shape, options_.split_in_three);
    counter_.Expect(CountPatches(image, splits));
    labels_.assign(image.image.size(), 0);
    const Index3 shape{image.shape[2], image.shape[1], image.shape[0]};
    DevicePass device(gate_, static_cast<int64_t>(splits.size() * parts_.size()));
    for (const SplitPart& split : splits) SegmentRows(image, split, device);

    const Stopwatch stopwatch(&result_.times.postprocess_s);
    counter_.Enter(Stage::kPostprocess);
    ThrowIfStopped(stop_);
    Clean(image);
    KeepOnly(options_.structures, labels_);
    if (MeasuresHere()) MeasureOnModelsGrid(image, shape);
    image.image = {};
    result_.label_map = RestoreLabels(labels_, shape, image.orientation, volume.geometry.shape, threads());
    return std::move(result_);
  }

 private:
  CanonicalImage Read(const Volume& volume) {
    const Stopwatch stopwatch(&result_.times.preprocess_s);
    counter_.Enter(Stage::kPreprocess);
    ThrowIfStopped(stop_);
    return ReadImage(volume, model_, threads());
  }

  static std::span<const float> Rows(const CanonicalImage& image, const SplitPart& split) {
    const int64_t plane = image.shape[1] * image.shape[2];
    return std::span<const float>(image.image).subspan(static_cast<size_t>(split.from * plane), static_cast<size_t>((split.to - split.from) * plane));
  }

  int64_t CountPatches(const CanonicalImage& image, const std::vector<SplitPart>& splits) const {
    int64_t count = 0;
    for (const SplitPart& split : splits) {
      const ArrayShape shape = NonzeroBox(Rows(image, split), {split.to - split.from, image.shape[1], image.shape[2]}).Shape();
      for (const size_t i : parts_) count += PatchCount(model_, model_.parts[i], shape, image.spacing_mm);
    }
    return count;
  }

  /// Segments one part of the split, or the whole image, which it takes.
  void SegmentRows(CanonicalImage& image, const SplitPart& split, DeviceGate& device) {
    const int64_t plane = image.shape[1] * image.shape[2];
    const ArrayShape shape{split.to - split.from, image.shape[1], image.shape[2]};
    const bool whole = shape == image.shape;
    std::vector<uint16_t> labels(whole ? 0 : static_cast<size_t>(shape[0] * plane), 0);
    CaseImage rows;
    {
      const Stopwatch stopwatch(&result_.times.preprocess_s);
      // Parts of a split overlap, and statistics look at the image once more: then it is a copy.
      const bool taken = whole && !MeasuresHere();
      const std::span<const float> source = Rows(image, split);
      rows = CropToNonzero(taken ? std::move(image.image) : std::vector<float>(source.begin(), source.end()), shape, image.spacing_mm);
    }
    // What of it is kept: parts of a split overlap.
    const CaseRows counted{split.kept_from - split.from, split.kept_to - split.from};
    for (const size_t i : parts_) SegmentPart(rows, i, whole ? labels_ : labels, counted, device);
    if (whole) return;
    std::copy(labels.begin() + (split.kept_from - split.from) * plane, labels.begin() + (split.kept_to - split.from) * plane,
              labels_.begin() + split.kept_from * plane);
  }

  void SegmentPart(const CaseImage& image, size_t place, std::span<uint16_t> labels, const CaseRows& counted, DeviceGate& device) {
    const ModelPart& part = model_.parts[place];
    std::vector<float> network_image;
    {
      const Stopwatch stopwatch(&result_.times.preprocess_s);
      counter_.Enter(Stage::kPreprocess);
      ThrowIfStopped(stop_);
      network_image = NetworkImage(image, part, threads());
    }
    const ExportGrids grids = ExportGridsOf(part, image.box.Shape(), image.spacing_mm);
    const std::unique_ptr<LogitsExport> logits = MakeLogitsExport(part, grids, options_, stop_, [this] { counter_.Tell(); });
    device.Enter(stop_);  // between the stages' stopwatches: a wait is no work
    {
      const Stopwatch stopwatch(&result_.times.infer_s);
      counter_.Enter(Stage::kInfer);
      const PatchGrid grid = MakePatchGrid(grids.network, part.patch_size, model_.pipeline.tile_step);
      PredictLogits(network_image, grid, {part, segmenter_.executors_[place], options_, stop_, [this](int64_t patches) { counter_.PatchesDone(patches); }, &result_.times.network_s, segmenter_.HeadOf(place)},
                    logits->finishing(), [&logits](const LogitsBlock& block) { logits->Take(block); });
    }
    device.Leave();  // before labels are made of logits that were kept, which may take long
    const Stopwatch stopwatch(&result_.times.postprocess_s);
    counter_.Enter(Stage::kPostprocess);
    result_.part_overlap_voxels += MergeLabels(logits->Labels(), part, image, labels, counted, stop_);
  }

  void Clean(const CanonicalImage& image) {
    const CaseLabels map{labels_, image.shape, image.spacing_mm, stop_};
    CleanLabels(model_.pipeline.cleaning, model_.labels, map);
    if (options_.drop_below_mm3 > 0) DropSmallComponents(options_.drop_below_mm3, map);
  }

  Threads threads() const { return {options_.threads, stop_}; }

  bool MeasuresHere() const { return options_.statistics && model_.pipeline.statistics_at_model_spacing; }

  void MeasureOnModelsGrid(const CanonicalImage& image, const Index3& shape) {
    // TotalSegmentator multiplies the header's spacings in float32.
    const auto voxel_mm3 = static_cast<float>(image.spacing_mm[0]) * static_cast<float>(image.spacing_mm[1]) * static_cast<float>(image.spacing_mm[2]);
    result_.statistics = MeasureStructures(labels_, image.image, shape, static_cast<double>(voxel_mm3),
                                           segmenter_.ValuesAskedFor(options_), {options_.exclude_incomplete, threads()});
  }

  Segmenter& segmenter_;
  const Model& model_;
  const SegmentOptions& options_;
  std::stop_token stop_;
  ProgressCounter counter_;
  DeviceGate* gate_;
  std::vector<size_t> parts_;
  std::vector<uint16_t> labels_;  // of the canonical image
  Segmentation result_;
};

Segmenter::Segmenter(Bundle bundle, const ExecutorFactory& factory) : bundle_(std::move(bundle)) {
  for (size_t i = 0; i < bundle_.model.parts.size(); ++i) {
    const ModelPart& part = bundle_.model.parts[i];
    CheckPart(part);
    auto& folds = executors_.emplace_back();
    auto& head = heads_.emplace_back();
    if (LinearHead::Pays(part)) head.emplace(part, bundle_.weights[i]);
    const LayerGraph graph = head ? LinearHead::TrunkOf(part.graph) : part.graph;
    for (const std::string& fold : part.folds) folds.push_back(factory(graph, bundle_.weights[i], "fold_" + fold + "."));
  }
  bundle_.weights.clear();  // the executors have what they need
}

std::vector<uint16_t> Segmenter::ValuesAskedFor(const SegmentOptions& options) const {
  std::vector<uint16_t> values;
  const std::vector<int64_t>& asked = options.structures;
  for (const Label& label : bundle_.model.labels) {
    const bool wanted = asked.empty() || std::find(asked.begin(), asked.end(), label.value) != asked.end();
    if (wanted) values.push_back(static_cast<uint16_t>(label.value));
  }
  return values;
}

Segmentation Segmenter::Segment(const Volume& volume, const SegmentOptions& options, std::stop_token stop,
                                const ProgressSink& progress, DeviceGate* gate) {
  return Run(*this, options, std::move(stop), progress, gate).Segment(volume);
}

int64_t Segmenter::PeakBytes(const Geometry& geometry, const SegmentOptions& options) const {
  return PredictPeakBytes(bundle_.model, geometry, options);
}

double Segmenter::TimePatch() {
  const Size3 shape = bundle_.model.parts.front().patch_size;
  const std::vector<float> zeros(static_cast<size_t>(shape[0] * shape[1] * shape[2]));
  Executor& executor = *executors_.front().front();
  executor.Run(zeros, shape);
  constexpr double kWorthSpending_s = 1;
  constexpr int kMostRuns = 5;
  double fastest = std::numeric_limits<double>::infinity();
  double spent = 0;
  for (int run = 0; run < kMostRuns && spent < kWorthSpending_s; ++run) {
    const auto start = std::chrono::steady_clock::now();
    executor.Run(zeros, shape);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    fastest = std::min(fastest, seconds);
    spent += seconds;
  }
  executor.ReleaseLogits();
  return fastest * static_cast<double>(RunsOfAPatch(bundle_.model.parts.front()));
}

int64_t Segmenter::MostPatches(const Geometry& geometry, const SegmentOptions& options) const {
  return tuckerseg::MostPatches(bundle_.model, geometry, options);
}

}  // namespace tuckerseg
