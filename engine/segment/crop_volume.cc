#include "engine/segment/crop_volume.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "engine/stopping.h"
#include "engine/volume/voxel_type.h"

namespace tuckerseg {
namespace {

bool IsWhole(double value) { return std::trunc(value) == value; }

bool HoldsWholeNumbers(const Volume& volume) {
  return volume.type != VoxelType::kFloat32 && volume.type != VoxelType::kFloat64 && IsWhole(volume.slope) && IsWhole(volume.intercept);
}

/// Calls `visit(first voxel of the line)` for each line of `box` along i, in the file's order.
template <typename Visit>
void VisitLines(const Index3& shape, const VolumeBox& box, const std::stop_token& stop, const Visit& visit) {
  for (int64_t k = box.begin[2]; k < box.end[2]; ++k) {
    ThrowIfStopped(stop);
    for (int64_t j = box.begin[1]; j < box.end[1]; ++j) visit((k * shape[1] + j) * shape[0] + box.begin[0]);
  }
}

/// Sets `found` for the labels that have a voxel in `box`.
void FindLabelsIn(const LabelMap& map, const VolumeBox& box, const std::stop_token& stop, std::vector<bool>& found) {
  const auto line = static_cast<size_t>(box.Shape()[0]);
  VisitLines(map.shape, box, stop, [&](int64_t first) {
    for (size_t i = 0; i < line; ++i) found[map.labels[static_cast<size_t>(first) + i]] = true;
  });
}

/// The labels that are set in `labels`, ascending.
std::vector<uint16_t> ListOf(const std::vector<bool>& labels) {
  std::vector<uint16_t> list;
  for (size_t label = 0; label < labels.size(); ++label)
    if (labels[label]) list.push_back(static_cast<uint16_t>(label));
  return list;
}

int32_t Truncated(double value) {
  constexpr double kLow = std::numeric_limits<int32_t>::min();
  constexpr double kHigh = std::numeric_limits<int32_t>::max();
  return static_cast<int32_t>(std::clamp(value, kLow, kHigh));
}

template <typename T>
void CropAsInt32(const Volume& volume, const VolumeBox& box, const std::stop_token& stop, VoxelBytes& voxels) {
  std::vector<int32_t> line(static_cast<size_t>(box.Shape()[0]));
  auto* target = voxels.data();
  VisitLines(volume.geometry.shape, box, stop, [&](int64_t first) {
    for (size_t i = 0; i < line.size(); ++i) {
      T raw;
      std::memcpy(&raw, volume.voxels.data() + (static_cast<size_t>(first) + i) * sizeof(T), sizeof(T));
      line[i] = Truncated(static_cast<double>(raw) * volume.slope + volume.intercept);
    }
    std::memcpy(target, line.data(), line.size() * sizeof(int32_t));
    target += line.size() * sizeof(int32_t);
  });
}

}  // namespace

std::optional<VolumeBox> BoxOfLabels(const LabelMap& map, std::span<const int64_t> values, const Spacing3& spacing_mm,
                                     double margin_mm, const std::stop_token& stop) {
  std::vector<bool> wanted(65536, false);
  for (const int64_t value : values) wanted[static_cast<size_t>(value)] = true;
  VolumeBox box{map.shape, {0, 0, 0}};
  size_t v = 0;
  Index3 at;
  for (at[2] = 0; at[2] < map.shape[2]; ++at[2]) {
    ThrowIfStopped(stop);
    for (at[1] = 0; at[1] < map.shape[1]; ++at[1])
      for (at[0] = 0; at[0] < map.shape[0]; ++at[0], ++v) {
        if (!wanted[map.labels[v]]) continue;
        for (size_t a = 0; a < 3; ++a) {
          box.begin[a] = std::min(box.begin[a], at[a]);
          box.end[a] = std::max(box.end[a], at[a] + 1);
        }
      }
  }
  if (box.end[0] == 0) return std::nullopt;
  for (size_t a = 0; a < 3; ++a) {
    const auto margin = static_cast<int64_t>(margin_mm / spacing_mm[a]);
    box.begin[a] = std::max<int64_t>(0, box.begin[a] - margin);
    box.end[a] = std::min(map.shape[a], box.end[a] + margin);
  }
  return box;
}

std::vector<uint16_t> LabelsIn(const LabelMap& map, const std::stop_token& stop) {
  std::vector<bool> found(65536, false);
  FindLabelsIn(map, {{0, 0, 0}, map.shape}, stop, found);
  found[0] = false;  // background
  return ListOf(found);
}

std::vector<uint16_t> AbsentLabels(const LabelMap& map, std::span<const int64_t> values, const std::stop_token& stop) {
  std::vector<bool> absent(65536, false);
  for (const int64_t value : values) absent[static_cast<size_t>(value)] = true;
  auto left = std::count(absent.begin(), absent.end(), true);
  size_t v = 0;
  for (int64_t k = 0; k < map.shape[2] && left > 0; ++k) {  // most maps hold them all, long before their last plane
    ThrowIfStopped(stop);
    for (int64_t in_plane = map.shape[0] * map.shape[1]; in_plane > 0; --in_plane, ++v) {
      if (!absent[map.labels[v]]) continue;
      absent[map.labels[v]] = false;
      --left;
    }
  }
  return ListOf(absent);
}

Volume CropVolume(const Volume& volume, const VolumeBox& box, const std::stop_token& stop) {
  Volume cropped;
  cropped.geometry = volume.geometry;
  cropped.geometry.shape = box.Shape();
  Affine& affine = cropped.geometry.affine_ras;
  for (size_t r = 0; r < 3; ++r)
    for (size_t c = 0; c < 3; ++c) affine.translation[r] += affine.linear[r][c] * static_cast<double>(box.begin[c]);
  const bool whole = HoldsWholeNumbers(volume);
  cropped.type = whole ? volume.type : VoxelType::kInt32;
  const size_t width = BytesPerVoxel(cropped.type);
  cropped.voxels.resize(static_cast<size_t>(cropped.geometry.VoxelCount()) * width);
  if (!whole) {
    VisitVoxelType(volume.type, [&]<typename T>() { CropAsInt32<T>(volume, box, stop, cropped.voxels); });
    return cropped;
  }
  cropped.slope = volume.slope;
  cropped.intercept = volume.intercept;
  std::byte* target = cropped.voxels.data();
  const size_t line = static_cast<size_t>(box.Shape()[0]) * width;
  VisitLines(volume.geometry.shape, box, stop, [&](int64_t first) {
    std::memcpy(target, volume.voxels.data() + static_cast<size_t>(first) * width, line);
    target += line;
  });
  return cropped;
}

LabelMap PasteLabels(const LabelMap& part, const VolumeBox& box, const Index3& shape, const std::stop_token& stop) {
  LabelMap map{shape, std::vector<uint16_t>(static_cast<size_t>(shape[0] * shape[1] * shape[2]), 0)};
  const auto line = static_cast<int64_t>(box.Shape()[0]);
  const uint16_t* source = part.labels.data();
  VisitLines(shape, box, stop, [&](int64_t first) {
    std::copy_n(source, line, map.labels.begin() + first);
    source += line;
  });
  return map;
}

std::vector<uint16_t> LabelsAtBorder(const LabelMap& map, const VolumeBox& box) {
  std::vector<bool> found(65536, false);
  for (size_t a = 0; a < 3; ++a) {
    VolumeBox face = box;
    face.end[a] = box.begin[a] + 1;
    if (box.begin[a] > 0) FindLabelsIn(map, face, {}, found);
    face = box;
    face.begin[a] = box.end[a] - 1;
    if (box.end[a] < map.shape[a]) FindLabelsIn(map, face, {}, found);
  }
  found[0] = false;  // background
  return ListOf(found);
}

}  // namespace tuckerseg
