#include "engine/segment/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <string>

#include "engine/error.h"
#include "engine/parallel.h"
#include "engine/volume/voxel_type.h"

namespace tuckerseg {
namespace {

/// What is gathered of one structure. Integers: the order of additions cannot matter.
struct Sums {
  int64_t voxels = 0;
  int64_t hu = 0;
  bool border = false;

  void Add(const Sums& other) {
    voxels += other.voxels;
    hu += other.hu;
    border = border || other.border;
  }
};

/// Toward zero. 2^31 voxels of 32 bits each cannot overflow a sum of 64 bits.
int64_t Truncated(double hu) {
  constexpr double kLowest = std::numeric_limits<int32_t>::min();
  constexpr double kHighest = std::numeric_limits<int32_t>::max();
  return static_cast<int64_t>(std::clamp(hu, kLowest, kHighest));
}

bool IsBorder(int64_t index, int64_t length) { return index < kBorderVoxels || index >= length - kBorderVoxels; }

/// Where the sums of a label are kept; 0 for labels that nobody asked for.
std::vector<uint32_t> SlotsOf(std::span<const uint16_t> values) {
  std::vector<uint32_t> slots(65536, 0);
  for (size_t i = 0; i < values.size(); ++i) slots[values[i]] = static_cast<uint32_t>(i + 1);
  return slots;
}

/// Adds planes [begin, end) across axis 2 to `sums`.
template <typename T>
void SumPlanes(std::span<const uint16_t> labels, const VolumeView& view, std::span<const uint32_t> slots, int64_t begin, int64_t end,
               std::span<Sums> sums) {
  const T* voxels = reinterpret_cast<const T*>(view.first);
  for (int64_t k = begin; k < end; ++k)
    for (int64_t j = 0; j < view.shape[1]; ++j) {
      const uint16_t* row = labels.data() + (k * view.shape[1] + j) * view.shape[0];
      const T* intensities = voxels + k * view.strides[2] + j * view.strides[1];
      const bool border_row = IsBorder(k, view.shape[2]) || IsBorder(j, view.shape[1]);
      for (int64_t i = 0; i < view.shape[0]; ++i) {
        const uint32_t slot = slots[row[i]];
        if (slot == 0) continue;
        Sums& sum = sums[slot - 1];
        ++sum.voxels;
        sum.hu += Truncated(static_cast<double>(intensities[i * view.strides[0]]) * view.slope + view.intercept);
        if (border_row || IsBorder(i, view.shape[0])) sum.border = true;
      }
    }
}

}  // namespace

std::vector<StructureStatistics> MeasureStructures(std::span<const uint16_t> labels, const VolumeView& intensities,
                                                   double voxel_volume_mm3, std::span<const uint16_t> values,
                                                   const StatisticsOptions& options) {
  const Index3& shape = intensities.shape;
  if (static_cast<int64_t>(labels.size()) != shape[0] * shape[1] * shape[2]) {
    throw Error(ErrorCode::kInvalidArgument,
                std::to_string(labels.size()) + " labels: must be as many as the grid of the intensities has voxels");
  }
  const std::vector<uint32_t> slots = SlotsOf(values);
  std::vector<Sums> total(values.size());
  std::mutex mutex;
  ParallelFor(options.threads, shape[2], [&](int64_t begin, int64_t end) {
    std::vector<Sums> part(values.size());
    VisitVoxelType(intensities.type, [&]<typename T>() { SumPlanes<T>(labels, intensities, slots, begin, end, part); });
    const std::lock_guard lock(mutex);
    for (size_t i = 0; i < part.size(); ++i) total[i].Add(part[i]);
  });

  std::vector<StructureStatistics> statistics;
  for (size_t i = 0; i < values.size(); ++i) {
    const Sums& sums = total[i];
    StructureStatistics& structure = statistics.emplace_back();
    structure = {.value = values[i], .voxels = sums.voxels, .touches_border = sums.border};
    if (sums.voxels == 0 || (sums.border && options.exclude_incomplete)) continue;
    structure.volume_mm3 = static_cast<double>(sums.voxels) * voxel_volume_mm3;
    structure.mean_hu = static_cast<double>(sums.hu) / static_cast<double>(sums.voxels);
  }
  return statistics;
}

std::vector<StructureStatistics> MeasureStructures(std::span<const uint16_t> labels, std::span<const float> intensities_hu,
                                                   const Index3& shape, double voxel_volume_mm3,
                                                   std::span<const uint16_t> values, const StatisticsOptions& options) {
  if (static_cast<int64_t>(intensities_hu.size()) != shape[0] * shape[1] * shape[2]) {
    throw Error(ErrorCode::kInvalidArgument, std::to_string(intensities_hu.size()) + " intensities: must fill their grid");
  }
  const VolumeView view{std::as_bytes(intensities_hu).data(), VoxelType::kFloat32, 1.0, 0.0, shape, {1, shape[0], shape[0] * shape[1]}};
  return MeasureStructures(labels, view, voxel_volume_mm3, values, options);
}

double HeaderVoxelVolumeMm3(const Geometry& geometry) {
  float volume = 1.0F;
  for (const double spacing : geometry.header_spacing_mm) volume *= static_cast<float>(spacing);
  return static_cast<double>(volume);
}

}  // namespace tuckerseg
