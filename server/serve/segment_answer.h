/// What comes back for one segmentation: the label map's file, and the statistics and the picture that were asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "engine/segment/segmenter.h"
#include "engine/volume/nifti_reader.h"
#include "engine/volume/volume.h"
#include "tuckerseg/v1/segmentation.pb.h"

namespace tuckerseg {

/// Made once, then sent once; for one thread. Holds no part of the volume and no label map.
class SegmentAnswer {
 public:
  /// What the request asks for. The references must outlive the answer.
  SegmentAnswer(const v1::SegmentHeader& header, const Model& model);

  /// Memory for making it beside the volume and the label map, encoded bytes excluded: for admission.
  static int64_t PeakBytes(const v1::OutputOptions& output);

  /// The first step: sizes and picture are made of the segmentation and of `volume`, which is not needed afterwards.
  void Look(const Segmentation& segmentation, const Volume& volume);
  /// The second step: the label map's file, on the input's grid.
  void Encode(const LabelMap& map, const NiftiHeader& input);

  using Sink = std::function<void(const v1::SegmentResponse&)>;
  /// The label map's header and chunks, then the picture.
  void Send(const Sink& sink) const;
  /// What the summary says of the structures and of the model.
  void FillSummary(v1::Summary& summary) const;

 private:
  void TakeStatistics(const std::vector<StructureStatistics>& measured);
  void CountVolumes(const LabelMap& map, const Geometry& geometry);

  const v1::SegmentHeader& header_;
  const Model& model_;
  std::vector<Label> labels_;  // of the structures asked for
  v1::Summary structures_;     // volumes and statistics
  v1::LabelMapHeader file_header_;
  std::vector<std::byte> file_;
  std::vector<std::byte> preview_;
};

}  // namespace tuckerseg
