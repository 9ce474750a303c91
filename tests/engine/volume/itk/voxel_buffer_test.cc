#include "engine/volume/itk/voxel_buffer.h"

#include <gmock/gmock.h>

#include <cstring>

#include "engine/error.h"

namespace tuckerseg {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <typename Value>
std::vector<Value> VoxelsOf(const Volume& volume) {
  std::vector<Value> values(volume.voxels.size() / sizeof(Value));
  std::memcpy(values.data(), volume.voxels.data(), volume.voxels.size());
  return values;
}

template <typename Value>
void Set(VoxelBuffer& buffer, int64_t offset, std::vector<Value> values) {
  buffer.Set<Value>(offset, values);
}

TEST(VoxelBuffer, StaysInt16WhereEveryValueFits) {
  VoxelBuffer buffer(4);
  Set<int32_t>(buffer, 0, {-32768, 32767});
  Set<uint16_t>(buffer, 2, {0, 1024});
  Volume volume;
  buffer.MoveInto(volume);
  EXPECT_EQ(volume.type, VoxelType::kInt16);
  EXPECT_THAT(VoxelsOf<int16_t>(volume), ElementsAre(-32768, 32767, 0, 1024));
}

TEST(VoxelBuffer, WidensWhatIsThereAtTheFirstValueBeyondInt16) {
  VoxelBuffer buffer(4);
  Set<int16_t>(buffer, 2, {-5, 6});
  Set<uint16_t>(buffer, 0, {32768, 7});
  Volume volume;
  buffer.MoveInto(volume);
  EXPECT_EQ(volume.type, VoxelType::kInt32);
  EXPECT_THAT(VoxelsOf<int32_t>(volume), ElementsAre(32768, 7, -5, 6));
}

TEST(VoxelBuffer, BecomesFloatForFractionsAndStaysSo) {
  VoxelBuffer buffer(4);
  Set<int16_t>(buffer, 0, {-5});
  Set<int32_t>(buffer, 1, {100000});
  Set<double>(buffer, 2, {0.5});
  Set<int16_t>(buffer, 3, {3});
  Volume volume;
  buffer.MoveInto(volume);
  EXPECT_EQ(volume.type, VoxelType::kFloat32);
  EXPECT_THAT(VoxelsOf<float>(volume), ElementsAre(-5, 100000, 0.5, 3));
}

TEST(VoxelBuffer, RefusesIntegersBeyondInt32) {
  VoxelBuffer buffer(1);
  try {
    Set<uint32_t>(buffer, 0, {2147483648U});
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(error.what(), HasSubstr("must be in [-2147483648, 2147483647]"));
  }
}

}  // namespace
}  // namespace tuckerseg
