#include "server/serve/segment_answer.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <utility>

#include "engine/preview/preview.h"
#include "engine/segment/statistics.h"
#include "engine/sha256.h"
#include "engine/stopping.h"
#include "engine/volume/nifti_writer.h"
#include "server/serve/messages.h"
#include "server/serve/segment_header.h"

namespace tuckerseg {
namespace {

double VoxelVolumeMm3(const Geometry& geometry) {
  const auto& m = geometry.affine_ras.linear;
  return std::abs(m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
                  m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]));
}

/// As Python's round(x, 5), which TotalSegmentator calls.
double RoundedTo5Decimals(double value) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.5f", value);
  return std::strtod(text, nullptr);
}

}  // namespace

SegmentAnswer::SegmentAnswer(const v1::SegmentHeader& header, const Model& model)
    : header_(header), model_(model), labels_(StructuresAskedFor(header, model)) {}

int64_t SegmentAnswer::HighestLabel() const { return model_.labels.empty() ? 0 : model_.labels.back().value; }  // ascending

int64_t SegmentAnswer::PeakBytes(int64_t voxels) const {
  const int64_t preview_bytes = header_.output().preview() ? kPreviewPeakBytes : 0;
  return std::max(preview_bytes, FileBytes(voxels));  // the picture is made first
}

int64_t SegmentAnswer::FileBytes(int64_t voxels) const {
  if (!IsRaw()) return 0;
  return HighestLabel() > 255 ? 2 * voxels : voxels;
}

void SegmentAnswer::Look(const Segmentation& segmentation, const Volume& volume, const std::stop_token& stop) {
  CountVolumes(segmentation.label_map, volume.geometry);
  TakeStatistics(segmentation.statistics);
  FillCropAndRefinement(segmentation, labels_, structures_);
  structures_.set_part_overlap_voxels(static_cast<uint64_t>(segmentation.part_overlap_voxels));
  ThrowIfStopped(stop);
  if (header_.output().preview()) preview_ = RenderPreview(volume, segmentation.label_map, labels_);
}

void SegmentAnswer::CountVolumes(const LabelMap& map, const Geometry& geometry) {
  std::vector<uint64_t> counts(65536, 0);
  for (const uint16_t label : map.labels) ++counts[label];
  const double voxel_mm3 = VoxelVolumeMm3(geometry);
  for (const Label& label : labels_) {
    const uint64_t count = counts[static_cast<size_t>(label.value)];
    if (count == 0) continue;
    v1::StructureVolume& volume = *structures_.add_volumes();
    volume.set_name(label.name);
    volume.set_value(static_cast<uint32_t>(label.value));
    volume.set_voxels(count);
    volume.set_volume_ml(static_cast<double>(count) * voxel_mm3 / 1000.0);
  }
}

void SegmentAnswer::TakeStatistics(const std::vector<StructureStatistics>& measured) {
  for (size_t i = 0; i < measured.size(); ++i) {
    v1::StructureStatistics& message = *structures_.add_statistics();
    message.set_name(labels_[i].name);
    message.set_value(measured[i].value);
    message.set_voxels(static_cast<uint64_t>(measured[i].voxels));
    message.set_volume_mm3(measured[i].volume_mm3);
    message.set_mean_hu(RoundedTo5Decimals(measured[i].mean_hu));
    message.set_touches_border(measured[i].touches_border);
  }
}

EncodedAnswer SegmentAnswer::Encode(const LabelMap& map, const NiftiHeader& input, const std::stop_token& stop) {
  EncodedAnswer answer;
  std::vector<LabelName> names;
  for (const Label& label : labels_) names.push_back({label.value, label.name});
  if (IsRaw()) {
    // In one piece: room that doubles would take up to three times as much for a moment.
    size_t front = size_t{64} << 10;
    for (const LabelName& name : names) front += name.name.size() + 256;
    answer.file.reserve(static_cast<size_t>(FileBytes(input.geometry.VoxelCount())) + input.extensions.size() + front);
  }
  WriteLabelMap(map, input, names, HighestLabel(), IsRaw() ? tuckerseg::Compression::kNone : tuckerseg::Compression::kGzip,
                [&](std::span<const std::byte> bytes) {
                  ThrowIfStopped(stop);
                  answer.file.insert(answer.file.end(), bytes.begin(), bytes.end());
                });
  Fill(input.geometry, *answer.header.mutable_geometry());
  for (const Label& label : labels_) Fill(label, *answer.header.add_labels());
  answer.header.set_bytes(answer.file.size());
  Sha256 digest;
  ForEachChunk(answer.file, [&](std::span<const std::byte> bytes) {
    ThrowIfStopped(stop);
    digest.Update(bytes);
  });
  answer.header.set_sha256(digest.Digest());
  answer.preview = std::move(preview_);
  return answer;
}

void SegmentAnswer::FillSummary(v1::Summary& summary) const {
  summary.MergeFrom(structures_);
  Fill(model_, *summary.mutable_provenance());
}

}  // namespace tuckerseg
