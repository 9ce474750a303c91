#include "engine/model/checkpoint.h"

#include <gmock/gmock.h>

#include "tests/engine/model/byte_strings.h"
#include "tests/engine/model/checkpoint_builder.h"
#include "tests/engine/model/pickle_builder.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Key;

Checkpoint Read(const CheckpointBuilder& builder) { return ReadCheckpoint(AsBytes(builder.Bytes())); }

/// A checkpoint of one tensor `t` of the type, whose storage is `bytes`.
CheckpointTensor ReadOne(const std::string& storage_class, const std::string& bytes, int64_t offset,
                         const std::vector<int64_t>& shape, const std::vector<int64_t>& strides) {
  CheckpointBuilder builder;
  const std::string key = builder.Storage(bytes);
  return Read(builder.Weight("t", PickledTensor(storage_class, key, offset, shape, strides))).tensors.at("t");
}

TEST(Checkpoint, GivesTrainerConfigurationAndTensors) {
  const Checkpoint checkpoint =
      Read(CheckpointBuilder().Tensor("a.weight", {2, 3}, {1, 2, 3, 4, 5, 6}).Tensor("a.bias", {1}, {7}));
  EXPECT_EQ(checkpoint.trainer_name, "nnUNetTrainer");
  EXPECT_EQ(checkpoint.configuration, "3d_fullres");
  EXPECT_THAT(checkpoint.tensors, ElementsAre(Key("a.bias"), Key("a.weight")));
  EXPECT_THAT(checkpoint.tensors.at("a.weight").shape, ElementsAre(2, 3));
  EXPECT_THAT(checkpoint.tensors.at("a.weight").values, ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(Checkpoint, RefusesNamesThatNoStateDictHas) {
  for (const std::string& name : {std::string(), std::string(1025, 'a'), std::string("a weight"), std::string("a\xff.weight")}) {
    ExpectError(ErrorCode::kInvalidArgument, "network_weights: every name must be text of 1 to 1024 printable ASCII characters",
                [&] { Read(CheckpointBuilder().Tensor(name, {1}, {1})); });
  }
}

TEST(Checkpoint, HonoursStridesAndOffsets) {
  const std::string storage = BytesOfValues<float>({0, 1, 2, 3, 4, 5, 6});
  const CheckpointTensor transposed = ReadOne("FloatStorage", storage, 1, {3, 2}, {1, 3});
  EXPECT_THAT(transposed.shape, ElementsAre(3, 2));
  EXPECT_THAT(transposed.values, ElementsAre(1, 4, 2, 5, 3, 6));
  EXPECT_THAT(ReadOne("FloatStorage", storage, 0, {2, 2, 1}, {4, 2, 9}).values, ElementsAre(0, 2, 4, 6));
}

TEST(Checkpoint, IgnoresTheStridesOfAxesOfOne) {
  const std::string storage = BytesOfValues<float>({0, 1, 2});
  EXPECT_THAT(ReadOne("FloatStorage", storage, 1, {1, 2, 1}, {INT64_MAX, 1, INT64_MAX}).values, ElementsAre(1, 2));
}

TEST(Checkpoint, ReadsScalarsAndEmptyTensors) {
  const std::string storage = BytesOfValues<float>({4, 5});
  const CheckpointTensor scalar = ReadOne("FloatStorage", storage, 1, {}, {});
  EXPECT_THAT(scalar.shape, IsEmpty());
  EXPECT_THAT(scalar.values, ElementsAre(5));
  EXPECT_THAT(ReadOne("FloatStorage", storage, 2, {0, 3}, {3, 1}).values, IsEmpty());
}

TEST(Checkpoint, TurnsHalfBfloat16AndDoubleIntoFloats) {
  EXPECT_THAT(ReadOne("HalfStorage", BytesOfValues<uint16_t>({0x3C00, 0xC100, 0x0001}), 0, {3}, {1}).values,
              ElementsAre(1.0F, -2.5F, 0x1p-24F));
  EXPECT_THAT(ReadOne("BFloat16Storage", BytesOfValues<uint16_t>({0x3F80, 0xC020}), 0, {2}, {1}).values,
              ElementsAre(1.0F, -2.5F));
  EXPECT_THAT(ReadOne("DoubleStorage", BytesOfValues<double>({0.1, -4}), 0, {2}, {1}).values, ElementsAre(0.1F, -4.0F));
}

TEST(Checkpoint, ReadsTensorsThatShareAStorage) {
  CheckpointBuilder builder;
  const std::string key = builder.Storage(BytesOfValues<float>({1, 2, 3, 4}));
  builder.Weight("front", PickledTensor("FloatStorage", key, 0, {3}, {1}))
      .Weight("back", PickledTensor("FloatStorage", key, 1, {3}, {1}));
  const Checkpoint checkpoint = Read(builder);
  EXPECT_THAT(checkpoint.tensors.at("front").values, ElementsAre(1, 2, 3));
  EXPECT_THAT(checkpoint.tensors.at("back").values, ElementsAre(2, 3, 4));
}

TEST(Checkpoint, LooksIntoParameters) {
  CheckpointBuilder builder;
  const std::string tensor = PickledTensor("FloatStorage", builder.Storage(BytesOfValues<float>({6})), 0, {1}, {1});
  builder.Weight("p", pickled::Call(pickled::Global("torch._utils", "_rebuild_parameter"), {tensor, pickled::Boolean(true)}));
  EXPECT_THAT(Read(builder).tensors.at("p").values, ElementsAre(6));
}

TEST(Checkpoint, LeavesOutTheDuplicatesOfNnunetsModules) {
  const Checkpoint checkpoint = Read(CheckpointBuilder()
                                         .Tensor("encoder.stages.0.0.convs.0.conv.weight", {1}, {1})
                                         .Tensor("encoder.stages.0.0.convs.0.all_modules.0.weight", {1}, {1})
                                         .Tensor("decoder.encoder.stages.0.0.convs.0.conv.weight", {1}, {1}));
  EXPECT_THAT(checkpoint.tensors, ElementsAre(Key("encoder.stages.0.0.convs.0.conv.weight")));
}

TEST(Checkpoint, TakesOffThePrefixesOfWrappedNetworks) {
  const Checkpoint checkpoint = Read(CheckpointBuilder()
                                         .Tensor("module.a", {1}, {1})
                                         .Tensor("_orig_mod.b", {1}, {1})
                                         .Tensor("_orig_mod.module.c", {1}, {1})
                                         .Tensor("module.decoder.encoder.d", {1}, {1}));
  EXPECT_THAT(checkpoint.tensors, ElementsAre(Key("a"), Key("b"), Key("c")));
}

TEST(Checkpoint, HasNoMirrorAxesWhereTheyAreNoneOrAbsent) {
  EXPECT_THAT(Read(CheckpointBuilder()).mirror_axes, IsEmpty());
  EXPECT_THAT(Read(CheckpointBuilder().Remove("inference_allowed_mirroring_axes")).mirror_axes, IsEmpty());
}

TEST(Checkpoint, GivesMirrorAxesInAscendingOrderOnce) {
  const auto axes = [](const std::string& pickled) {
    return Read(CheckpointBuilder().Set("inference_allowed_mirroring_axes", pickled)).mirror_axes;
  };
  EXPECT_THAT(axes(pickled::Integers({0, 1, 2})), ElementsAre(0, 1, 2));
  EXPECT_THAT(axes(pickled::List({pickled::Integer(2), pickled::Integer(0), pickled::Integer(2)})), ElementsAre(0, 2));
}

TEST(Checkpoint, NeverLooksAtOptimiserAndLogs) {
  CheckpointBuilder builder;
  builder.Set("optimizer_state", PickledTensor("NoSuchStorage", "no such key", -1, {-1}, {}));
  builder.Set("logging",
              pickled::Call(pickled::Global("numpy._core.multiarray", "scalar"), {pickled::Global("numpy", "dtype")}));
  EXPECT_EQ(Read(builder).trainer_name, "nnUNetTrainer");
}

TEST(Checkpoint, TakesTheArchivesPrefixAsItIs) {
  const std::string pickle =
      pickled::Document(pickled::Dict({{"network_weights", pickled::OrderedDict({})},
                                       {"trainer_name", pickled::Text("T")},
                                       {"init_args", pickled::Dict({{"configuration", pickled::Text("C")}})}}));
  for (const std::string prefix : {"archive", "a/b"}) {
    EXPECT_EQ(ReadCheckpoint(AsBytes(ZipBuilder().Add(prefix + "/data.pkl", pickle).Bytes())).configuration, "C");
  }
}

}  // namespace
}  // namespace tuckerseg
