/// From a network's logits to labels on the grid of the case, with as few logits held at once as the resampling allows.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "engine/segment/patch_accumulator.h"
#include "engine/segment/preprocess.h"
#include "engine/segment/segmenter.h"

namespace tuckerseg {

/// Takes the logits of one part, block by block, and gives its labels. nnU-Net's export holds all channels at full resolution;
/// the labels are the same.
class LogitsExport {
 public:
  virtual ~LogitsExport() = default;

  /// In which order the blocks must come.
  virtual Finishing finishing() const = 0;
  /// With Finishing::kLines and kLargest, perhaps from several threads at the same time.
  virtual void Take(const LogitsBlock& block) = 0;
  /// Labels of the cropped case in the network's axes, once every block has been taken; call it once.
  virtual std::vector<uint16_t> Labels() = 0;
};

/// Between which grids, both in the network's axes, logits become labels.
struct ExportGrids {
  ArrayShape network{};
  Spacing3 network_mm{};
  ArrayShape wanted{};  ///< of the case, cropped to nonzero
  Spacing3 wanted_mm{};
};
ExportGrids ExportGridsOf(const ModelPart& part, const ArrayShape& case_shape, const Spacing3& case_spacing_mm);

/// The export that holds least:
/// - grids are equal: blocks become labels at once;
/// - order 0 or 1: rows of the wanted grid are made as soon as the two rows they lie between are there;
/// - order 3 needs the whole volume: every logit is kept at the network's spacing, and resampled one channel after another.
/// `part` must outlive the export. Its Take() and Labels() throw kCancelled once `stop` has been asked for. `step`, where there is one, is called for each channel that Labels() has resampled.
std::unique_ptr<LogitsExport> MakeLogitsExport(const ModelPart& part, const ExportGrids& grids, const SegmentOptions& options,
                                               const std::stop_token& stop = {}, std::function<void()> step = {});

/// Bytes that the export of a part holds at its peak.
int64_t LogitsExportBytes(const ModelPart& part, const ExportGrids& grids, int threads);
/// The order in which that export takes blocks.
Finishing FinishingOf(const ModelPart& part, const ExportGrids& grids);

/// Rows of a case along z, its first axis: from `begin` up to, not including, `end`.
struct CaseRows {
  int64_t begin = 0;
  int64_t end = 0;
};

/// Writes the labels that are not 0 over `labels` (the uncropped case, z, y, x): later parts win. Returns in how many voxels of the rows `counted` another label gave way, which an
/// earlier part had found. Errors: kCancelled once `stop` has been asked for.
int64_t MergeLabels(std::span<const uint16_t> part_labels, const ModelPart& part, const CaseImage& image, std::span<uint16_t> labels, const CaseRows& counted,
                    const std::stop_token& stop = {});

}  // namespace tuckerseg
