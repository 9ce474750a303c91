/// A CT volume in, a label map out, with one model: preprocess, patches, accumulate, label, clean, back to the input's grid.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/execute/executor.h"
#include "engine/model/bundle.h"
#include "engine/segment/crop_volume.h"
#include "engine/segment/device_gate.h"
#include "engine/segment/linear_head.h"
#include "engine/segment/statistics.h"
#include "engine/volume/volume.h"

namespace tuckerseg {

/// How overlapping patches are summed.
enum class Accumulation {
  kFloat32,    ///< right everywhere; the default
  kReference,  ///< in half precision in nnU-Net's order, its errors in patch corners included (nnunet-inference section 4.4)
};

struct SegmentOptions {
  Accumulation accumulation = Accumulation::kFloat32;
  int threads = 1;  ///< for everything outside the executor
  /// Where the executors' device has memory of its own, patches are summed there; else it holds one patch at a time, and the host sums. Sums in half precision are always the host's.
  /// Labels may differ where two logits are equal but for rounding: where they are enough the last layer runs where the sums are.
  bool sum_on_device = true;
  /// Where the device sums, patches that run through a network at a time: those that follow one another along the last axis. Other numbers may round otherwise.
  int patches_at_once = 1;
  /// Labels to find; empty: all. Networks that know none of them do not run. All others become background.
  std::vector<int64_t> structures = {};
  bool split_in_three = false;     ///< TotalSegmentator's --force_split; very long volumes are split without being asked for
  double drop_below_mm3 = 0;       ///< components of each structure up to this volume become background; 0: none
  bool statistics = false;         ///< measure the structures that are asked for
  bool exclude_incomplete = false; ///< StatisticsOptions::exclude_incomplete
};

enum class Stage { kPreprocess, kInfer, kPostprocess };

/// Told between patches, at each change of stage, and where a stage goes on to its next long pass, from the thread that segments. Counts are over all parts and folds.
struct Progress {
  Stage stage = Stage::kPreprocess;
  int64_t patches_done = 0;
  int64_t patches_total = 0;
};
using ProgressSink = std::function<void(const Progress&)>;

/// Seconds by stage, for the request's summary.
struct StageTimes {
  double preprocess_s = 0;
  double infer_s = 0;
  double network_s = 0;  ///< of infer_s, what the executors took: the rest is ours
  double postprocess_s = 0;
};

/// What a rough model has left of the volume for the networks that followed.
struct CropResult {
  std::optional<VolumeBox> box = {};         ///< on the input's grid; nothing: it found none of the structures to crop to, and the label map is empty for that reason
  std::vector<uint16_t> border_labels = {};  ///< as LabelsAtBorder, of the finished label map: they may have been cut off
  /// Names of the rough model's structures that it was to find and did not, where it found some to crop to: ascending by its values, each once. Of those to crop to, what the
  /// volume shows there was not looked at, unless it lies in the box; of those that labels are kept near (NearRule), only the labels there that lie near one that was found
  /// are left. Empty without a box.
  std::vector<std::string> structures_not_found = {};
};

struct Segmentation {
  LabelMap label_map;  ///< on the input's grid, in the input's voxel order
  /// Of the structures asked for, ascending by value. Segmenter measures only for models that measure on their own grid,
  /// TaskSegmenter for the others too, on the input's.
  std::vector<StructureStatistics> statistics;
  StageTimes times;
  /// In how many voxels a part of the task overwrote another label, which an earlier one had found: the parts' order alone decides there. 0 for a task of one part. Counted where the
  /// parts are merged: on the task's own grid (its spacing, cropped where there is a crop), over the parts that ran, before labels are cleaned and those that nobody asked for dropped. A
  /// voxel that several parts overwrote counts once for each. Of the rough model and of the one that refines nothing is counted.
  int64_t part_overlap_voxels = 0;
  std::optional<CropResult> crop = {};  ///< nothing where the networks have seen the whole volume; TaskSegmenter's alone
  /// Names of the structures that the task's networks found and a refinement (RefineRule) has erased to the last voxel, ascending by value; TaskSegmenter's alone.
  std::vector<std::string> structures_lost_in_refinement = {};
};

/// A model with executors for all its parts and folds: loaded once, used for many volumes. Its executors take one volume at a time; they are all of it that segmenting
/// changes. So several threads may segment at the same time if their gates let one of them at a time to the device; without gates one may.
class Segmenter {
 public:
  /// Errors: what `factory` throws; kFailedPrecondition for what cannot be run: other than one input channel, patch sizes that do
  /// not fit the graph, resampling along z with another order than 0, logits that would have to be resampled but may not.
  Segmenter(Bundle bundle, const ExecutorFactory& factory);

  const Model& model() const { return bundle_.model; }

  /// Segments one volume. Bit-identical from run to run where the executor is, whatever `options.threads` is.
  /// `gate` is entered before the first network's first patch and left behind the last network's last, whatever is thrown; not at all where it does not come to a patch. A
  /// wait there is in no stage's seconds, and is told as preprocessing. Null: nobody else uses the model.
  /// Errors: kCancelled between two patches or channels after `stop` was asked for; kInvalidArgument for voxels that are NaN or
  /// infinite, or that the normalisation refuses; kResourceExhausted if the device has no memory; kInternal if the network gives
  /// an infinity.
  Segmentation Segment(const Volume& volume, const SegmentOptions& options, std::stop_token stop = {},
                       const ProgressSink& progress = {}, DeviceGate* gate = nullptr);

  /// Bytes that segmenting a volume of this geometry needs at its peak, the volume itself and the executors' weights
  /// excluded: for admission before anything is allocated.
  int64_t PeakBytes(const Geometry& geometry, const SegmentOptions& options = {}) const;

  /// Values of the labels that `options` asks for, ascending.
  std::vector<uint16_t> ValuesAskedFor(const SegmentOptions& options) const;

  /// Runs one patch of zeros through the first network, and returns the seconds that a patch takes by the fastest of the runs after the first, all its flips counted: the first
  /// pays for what is set up once, and while a second has not been spent, five runs at most, what else a server does as it starts must not be taken for the patch's. Takes the device as it is: for one thread, before any other one segments.
  /// Errors: as the executor's.
  double TimePatch();

  /// Patches that a volume of this geometry has at most, over all parts and folds that `options` asks for.
  int64_t MostPatches(const Geometry& geometry, const SegmentOptions& options) const;

 private:
  class Run;
  const LinearHead* HeadOf(size_t part) const { return heads_[part] ? &*heads_[part] : nullptr; }
  Bundle bundle_;
  std::vector<std::vector<std::unique_ptr<Executor>>> executors_;  ///< [part][fold]
  std::vector<std::optional<LinearHead>> heads_;  ///< [part]: the last layer, where it is run apart from the executors
};

}  // namespace tuckerseg
