/// What comes back for one segmentation: the label map's file, and the statistics and the picture that were asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <vector>

#include "engine/segment/segmenter.h"
#include "engine/volume/nifti_reader.h"
#include "engine/volume/volume.h"
#include "server/serve/encoded_answer.h"
#include "tuckerseg/v1/segmentation.pb.h"

namespace tuckerseg {

/// Made once; for one thread at a time. Holds no part of the volume and no label map.
class SegmentAnswer {
 public:
  /// What the request asks for. The references must outlive the answer.
  SegmentAnswer(const v1::SegmentHeader& header, const Model& model);

  /// Memory for making it beside the volume and the label map: for admission. What gzip makes of a label map is too little to count.
  int64_t PeakBytes(int64_t voxels) const;
  /// Of that, what the label map's file takes.
  int64_t FileBytes(int64_t voxels) const;

  /// The first step: sizes and picture are made of the segmentation and of `volume`, which is not needed afterwards.
  /// Errors: kCancelled, between two steps, after `stop` was asked for.
  void Look(const Segmentation& segmentation, const Volume& volume, const std::stop_token& stop);
  /// The second and last step: the label map's file, on the input's grid, with the picture. Errors: kCancelled, between two pieces of the file, after `stop` was asked for.
  EncodedAnswer Encode(const LabelMap& map, const NiftiHeader& input, const std::stop_token& stop);

  /// What the summary says of the structures and of the model.
  void FillSummary(v1::Summary& summary) const;

 private:
  bool IsRaw() const { return header_.output().compression() == v1::COMPRESSION_NONE; }
  int64_t HighestLabel() const;
  void TakeStatistics(const std::vector<StructureStatistics>& measured);
  void CountVolumes(const LabelMap& map, const Geometry& geometry);

  const v1::SegmentHeader& header_;
  const Model& model_;
  std::vector<Label> labels_;  // of the structures asked for
  v1::Summary structures_;     // volumes, statistics, what became of them in a crop and a refinement, and where parts overlap
  std::vector<std::byte> preview_;
};

}  // namespace tuckerseg
