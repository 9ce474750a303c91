#include "engine/volume/itk/voxel_buffer.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>

#include "engine/error.h"

namespace tuckerseg {
namespace {

template <typename Target, typename Value>
bool FitsInto(std::span<const Value> values) {
  using Limits = std::numeric_limits<Target>;
  return std::ranges::all_of(values, [](Value value) {
    return static_cast<int64_t>(value) >= Limits::min() && static_cast<int64_t>(value) <= Limits::max();
  });
}

// memcpy, because the bytes of a vector<byte> may not be looked at as another type.
template <typename Target, typename Value>
void Store(std::byte* bytes, std::span<const Value> values) {
  for (const Value value : values) {
    const Target stored = static_cast<Target>(value);
    std::memcpy(bytes, &stored, sizeof(stored));
    bytes += sizeof(stored);
  }
}

template <typename Wide, typename Narrow>
VoxelBytes Converted(const VoxelBytes& bytes) {
  VoxelBytes wide(bytes.size() / sizeof(Narrow) * sizeof(Wide));
  for (size_t index = 0; index * sizeof(Narrow) < bytes.size(); ++index) {
    Narrow value;
    std::memcpy(&value, bytes.data() + index * sizeof(Narrow), sizeof(value));
    const Wide stored = static_cast<Wide>(value);
    std::memcpy(wide.data() + index * sizeof(Wide), &stored, sizeof(stored));
  }
  return wide;
}

template <typename Type>
constexpr VoxelType kTypeOf = std::is_same_v<Type, float>     ? VoxelType::kFloat32
                              : std::is_same_v<Type, int32_t> ? VoxelType::kInt32
                                                              : VoxelType::kInt16;

}  // namespace

VoxelBuffer::VoxelBuffer(int64_t voxels) : bytes_(static_cast<size_t>(voxels) * sizeof(int16_t)) {}

template <typename Wide>
void VoxelBuffer::Widen() {
  if (type_ == VoxelType::kInt16) bytes_ = Converted<Wide, int16_t>(bytes_);
  if (type_ == VoxelType::kInt32) bytes_ = Converted<Wide, int32_t>(bytes_);
  type_ = kTypeOf<Wide>;
}

template <typename Value>
void VoxelBuffer::Set(int64_t offset, std::span<const Value> values) {
  if constexpr (std::is_floating_point_v<Value>) {
    if (type_ != VoxelType::kFloat32) Widen<float>();
  } else {
    if (!FitsInto<int32_t>(values)) {
      throw Error(ErrorCode::kInvalidArgument,
                  "a rescaled pixel lies beyond 32 bits: must be in [-2147483648, 2147483647]");
    }
    if (type_ == VoxelType::kInt16 && !FitsInto<int16_t>(values)) Widen<int32_t>();
  }
  std::byte* first = bytes_.data() + static_cast<size_t>(offset) * BytesPerVoxel(type_);
  if (type_ == VoxelType::kInt16) Store<int16_t>(first, values);
  if (type_ == VoxelType::kInt32) Store<int32_t>(first, values);
  if (type_ == VoxelType::kFloat32) Store<float>(first, values);
}

template void VoxelBuffer::Set(int64_t, std::span<const uint8_t>);
template void VoxelBuffer::Set(int64_t, std::span<const int8_t>);
template void VoxelBuffer::Set(int64_t, std::span<const uint16_t>);
template void VoxelBuffer::Set(int64_t, std::span<const int16_t>);
template void VoxelBuffer::Set(int64_t, std::span<const uint32_t>);
template void VoxelBuffer::Set(int64_t, std::span<const int32_t>);
template void VoxelBuffer::Set(int64_t, std::span<const float>);
template void VoxelBuffer::Set(int64_t, std::span<const double>);

void VoxelBuffer::MoveInto(Volume& volume) {
  volume.type = type_;
  volume.voxels = std::move(bytes_);
}

}  // namespace tuckerseg
