#include "engine/segment/components.h"

#include <algorithm>
#include <numeric>

#include "engine/stopping.h"

namespace tuckerseg {
namespace {

constexpr int64_t kVoxelsBetweenLooks = 1 << 16;

/// Fills the component that `seed` lies in.
Component Fill(int64_t seed, int32_t id, const ArrayShape& shape, const std::vector<uint16_t>& groups, std::vector<int32_t>& ids,
               const std::stop_token& stop) {
  const int64_t plane = shape[1] * shape[2];
  Component component;
  const uint16_t group = groups[static_cast<size_t>(seed)];
  component.first = INT64_MAX;
  std::vector<int64_t> stack{seed};
  ids[static_cast<size_t>(seed)] = id;
  while (!stack.empty()) {
    const int64_t voxel = stack.back();
    stack.pop_back();
    const int64_t z = voxel / plane;
    const int64_t y = voxel / shape[2] % shape[1];
    const int64_t x = voxel % shape[2];
    if (++component.voxels % kVoxelsBetweenLooks == 0) ThrowIfStopped(stop);
    component.axis0_sum += static_cast<double>(z);
    component.first = std::min(component.first, (x * shape[1] + y) * shape[0] + z);
    const auto visit = [&](bool exists, int64_t neighbour) {
      if (!exists || groups[static_cast<size_t>(neighbour)] != group || ids[static_cast<size_t>(neighbour)] != 0) return;
      ids[static_cast<size_t>(neighbour)] = id;
      stack.push_back(neighbour);
    };
    visit(z > 0, voxel - plane);
    visit(z + 1 < shape[0], voxel + plane);
    visit(y > 0, voxel - shape[2]);
    visit(y + 1 < shape[1], voxel + shape[2]);
    visit(x > 0, voxel - 1);
    visit(x + 1 < shape[2], voxel + 1);
  }
  return component;
}

}  // namespace

Components FindComponents(std::span<const uint16_t> labels, const ArrayShape& shape, const std::function<uint16_t(uint16_t)>& group,
                          const std::stop_token& stop) {
  std::vector<uint16_t> groups(labels.size());
  const auto plane = static_cast<size_t>(std::max<int64_t>(shape[1] * shape[2], 1));
  for (size_t first = 0; first < labels.size(); first += plane) {
    ThrowIfStopped(stop);
    const std::span<const uint16_t> source = labels.subspan(first, std::min(plane, labels.size() - first));
    std::transform(source.begin(), source.end(), groups.begin() + static_cast<int64_t>(first), group);
  }
  Components found;
  found.ids.assign(labels.size(), 0);
  for (size_t v = 0; v < labels.size(); ++v) {
    if (v % plane == 0) ThrowIfStopped(stop);
    if (groups[v] == 0 || found.ids[v] != 0) continue;
    const auto id = static_cast<int32_t>(found.all.size() + 1);
    found.all.push_back(Fill(static_cast<int64_t>(v), id, shape, groups, found.ids, stop));
  }
  std::vector<int32_t> order(found.all.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    return found.all[static_cast<size_t>(a)].first < found.all[static_cast<size_t>(b)].first;
  });
  std::vector<int32_t> new_id(found.all.size() + 1, 0);
  std::vector<Component> sorted;
  for (const int32_t place : order) {
    sorted.push_back(found.all[static_cast<size_t>(place)]);
    new_id[static_cast<size_t>(place) + 1] = static_cast<int32_t>(sorted.size());
  }
  found.all = std::move(sorted);
  for (int32_t& id : found.ids) id = new_id[static_cast<size_t>(id)];
  return found;
}

}  // namespace tuckerseg
