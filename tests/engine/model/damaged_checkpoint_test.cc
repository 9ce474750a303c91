#include <gtest/gtest.h>

#include "engine/model/checkpoint.h"
#include "tests/engine/model/byte_strings.h"
#include "tests/engine/model/checkpoint_builder.h"
#include "tests/engine/model/pickle_builder.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

void ExpectRefused(const CheckpointBuilder& builder, const std::string& message, ErrorCode code = ErrorCode::kInvalidArgument) {
  ExpectError(code, message, [&] { ReadCheckpoint(AsBytes(builder.Bytes())); });
}

/// A storage of six floats under the key 0, seen as `t`.
CheckpointBuilder SixFloats(int64_t offset, const std::vector<int64_t>& shape, const std::vector<int64_t>& strides) {
  CheckpointBuilder builder;
  const std::string key = builder.Storage(BytesOfValues<float>({1, 2, 3, 4, 5, 6}));
  return builder.Weight("t", PickledTensor("FloatStorage", key, offset, shape, strides));
}

std::string Rebuilt(const std::vector<std::string>& arguments) {
  return pickled::Call(pickled::Global("torch._utils", "_rebuild_tensor_v2"), arguments);
}

TEST(DamagedCheckpoint, IsRefusedWhereAFieldIsMissing) {
  for (const char* key : {"trainer_name", "init_args"}) {
    ExpectRefused(CheckpointBuilder().Remove(key), std::string(key) + ": missing; must be a checkpoint of nnU-Net v2");
  }
  ExpectRefused(CheckpointBuilder().Set("init_args", pickled::Dict({{"fold", pickled::Integer(0)}})), "configuration: missing");
}

TEST(DamagedCheckpoint, IsRefusedWhereAFieldIsOfAnotherType) {
  ExpectRefused(CheckpointBuilder().Set("trainer_name", pickled::Integer(1)), "trainer_name: must be text");
  ExpectRefused(CheckpointBuilder().Set("init_args", pickled::Dict({{"configuration", pickled::None()}})),
                "configuration: must be text");
  ExpectRefused(CheckpointBuilder().Set("network_weights", pickled::List({})), "network_weights: must be a dict");
}

TEST(DamagedCheckpoint, IsRefusedWhereMirrorAxesAreNoAxes) {
  const auto with_axes = [](const std::string& axes) {
    return CheckpointBuilder().Set("inference_allowed_mirroring_axes", axes);
  };
  ExpectRefused(with_axes(pickled::Integer(1)), "inference_allowed_mirroring_axes: must be a tuple or None");
  ExpectRefused(with_axes(pickled::Integers({3})), "every axis must be 0, 1 or 2");
  ExpectRefused(with_axes(pickled::Integers({-1})), "every axis must be 0, 1 or 2");
  ExpectRefused(with_axes(pickled::Tuple({pickled::Text("0")})), "every axis must be 0, 1 or 2");
}

TEST(DamagedCheckpoint, IsRefusedWhereThePickleHoldsSomethingElse) {
  ExpectRefused(CheckpointBuilder().Member("checkpoint_final/data.pkl", pickled::Document(pickled::List({}))),
                "must hold a dict");
  ExpectRefused(CheckpointBuilder().Member("checkpoint_final/data.pkl", "no pickle"), "checkpoint pickle");
}

TEST(DamagedCheckpoint, IsRefusedWhereItIsNoFileOfTorchSave) {
  ExpectError(ErrorCode::kInvalidArgument, "has no member */data.pkl",
              [] { ReadCheckpoint(AsBytes(ZipBuilder().Add("a", "b").Bytes())); });
  ExpectError(ErrorCode::kDataLoss, "end-of-central-directory",
              [] { ReadCheckpoint(AsBytes("\x80\2 a file of an old torch.save, which is a bare pickle")); });
}

TEST(DamagedCheckpoint, IsRefusedInBigEndianOrder) {
  ExpectRefused(CheckpointBuilder().Member("checkpoint_final/byteorder", "big"), "byteorder: must be little");
}

TEST(DamagedCheckpoint, IsRefusedWhereAWeightIsNoDenseTensor) {
  ExpectRefused(CheckpointBuilder().Weight("t", pickled::Integer(1)), "tensor t: is no dense tensor");
  ExpectRefused(CheckpointBuilder().Weight("t", pickled::Call(pickled::Global("torch._utils", "_rebuild_sparse_tensor"), {})),
                "tensor t: is no dense tensor");
  ExpectRefused(CheckpointBuilder().Weight("t", pickled::Call(pickled::Global("torch._utils", "_rebuild_parameter"), {})),
                "tensor t: is no dense tensor");
  ExpectRefused(CheckpointBuilder().Weight("t", Rebuilt({})), "tensor t: has too few arguments");
}

TEST(DamagedCheckpoint, IsRefusedWhereANameIsNoText) {
  ExpectRefused(CheckpointBuilder().Set("network_weights", "}K\1K\2s"), "network_weights: every name must be text");
}

TEST(DamagedCheckpoint, IsRefusedWhereAStorageIsNone) {
  const std::string zero = pickled::Integer(0);
  const auto with_id = [&](const std::string& id) {
    return CheckpointBuilder().Weight("t", Rebuilt({id, zero, pickled::Integers({1}), pickled::Integers({1})}));
  };
  ExpectRefused(with_id(zero), "tensor t: has no storage");
  ExpectRefused(with_id(pickled::Persistent(zero)), "tensor t: its storage id is no tuple");
  ExpectRefused(with_id(pickled::Persistent(pickled::Tuple({zero, zero, zero}))), "tensor t: its storage has no key");
}

TEST(DamagedCheckpoint, IsRefusedWhereAStorageIsOfAnUnknownType) {
  CheckpointBuilder builder;
  const std::string key = builder.Storage("12345678");
  ExpectRefused(builder.Weight("t", PickledTensor("ComplexFloatStorage", key, 0, {1}, {1})),
                "tensor t: storage of an unknown type");
}

TEST(DamagedCheckpoint, IsRefusedWhereATensorHoldsIntegers) {
  CheckpointBuilder builder;
  const std::string key = builder.Storage("12345678");
  ExpectRefused(builder.Weight("t", PickledTensor("LongStorage", key, 0, {1}, {1})), "must be floating point");
}

TEST(DamagedCheckpoint, IsRefusedWhereAStoragesBytesAreMissingOrChanged) {
  ExpectRefused(CheckpointBuilder().Weight("t", PickledTensor("FloatStorage", "7", 0, {1}, {1})),
                "member checkpoint_final/data/7 is missing", ErrorCode::kDataLoss);
  std::string bytes = CheckpointBuilder().Tensor("t", {1}, {0x1.23456p3F}).Bytes();
  bytes[bytes.find(BytesOfValue(0x1.23456p3F))] ^= 1;
  ExpectError(ErrorCode::kDataLoss, "member checkpoint_final/data/0 has a wrong checksum",
              [&] { ReadCheckpoint(AsBytes(bytes)); });
}

TEST(DamagedCheckpoint, IsRefusedWhereATensorReachesBeyondItsStorage) {
  const auto beyond = [](int64_t offset, const std::vector<int64_t>& shape, const std::vector<int64_t>& strides) {
    ExpectRefused(SixFloats(offset, shape, strides), "tensor t: reaches beyond its storage", ErrorCode::kDataLoss);
  };
  beyond(1, {6}, {1});
  beyond(0, {2, 3}, {4, 1});
  beyond(7, {1}, {1});
  beyond(INT64_MAX, {2}, {1});  // a sum that would overflow
  beyond(0, {2}, {INT64_MAX});
  beyond(0, {2, 2}, {6, INT64_MAX / 2});
}

TEST(DamagedCheckpoint, IsRefusedWhereATensorIsLargerThanItsStorage) {
  ExpectRefused(SixFloats(0, {7}, {1}), "tensor t: is larger than its storage");
  ExpectRefused(SixFloats(0, {1000}, {0}), "tensor t: is larger than its storage");  // an expanded tensor
  ExpectRefused(SixFloats(0, {INT64_MAX, INT64_MAX}, {0, 0}), "tensor t: is larger than its storage");
  ExpectRefused(SixFloats(0, {0, INT64_MAX}, {0, 0}), "tensor t: is larger than its storage");  // empty, but of no length that is one
}

TEST(DamagedCheckpoint, IsRefusedWhereSizesMakeNoSense) {
  ExpectRefused(SixFloats(-1, {1}, {1}), "tensor t: its offset must not be negative");
  ExpectRefused(SixFloats(0, {-1}, {1}), "tensor t: sizes and strides must not be negative");
  ExpectRefused(SixFloats(0, {2}, {-1}), "tensor t: sizes and strides must not be negative");
  ExpectRefused(SixFloats(0, {2, 3}, {1}), "tensor t: has sizes and strides of different number");
  ExpectRefused(SixFloats(0, std::vector<int64_t>(9, 1), std::vector<int64_t>(9, 1)), "sizes must be a tuple of at most 8");
}

TEST(DamagedCheckpoint, IsRefusedWhereOneStorageIsToBecomeMoreTensorsThanTheFileHasBytes) {
  CheckpointBuilder builder;
  const std::string key = builder.Storage(std::string(40000, '\0'));
  for (int i = 0; i < 10; ++i) builder.Weight("t" + std::to_string(i), PickledTensor("HalfStorage", key, 0, {20000}, {1}));
  ExpectRefused(builder, "with it the tensors are larger than the file");
}

TEST(DamagedCheckpoint, IsRefusedWhereverItIsCut) {
  const std::string bytes = CheckpointBuilder().Tensor("t", {2}, {1, 2}).Bytes();
  for (size_t size = 0; size < bytes.size(); ++size) {
    ExpectError(ErrorCode::kDataLoss, "", [&] { ReadCheckpoint(AsBytes(bytes.substr(0, size))); });
  }
}

TEST(DamagedCheckpoint, IsRefusedOrReadWhereAByteOfItsPickleIsWrong) {
  CheckpointBuilder builder;
  const std::string pickle = [&] {
    const std::string key = builder.Storage(BytesOfValues<float>({1, 2, 3, 4, 5, 6}));
    const std::string weights = pickled::OrderedDict({{"t", PickledTensor("FloatStorage", key, 0, {2, 3}, {3, 1})}});
    return pickled::Document(pickled::Dict({{"network_weights", weights},
                                            {"trainer_name", pickled::Text("T")},
                                            {"init_args", pickled::Dict({{"configuration", pickled::Text("C")}})}}));
  }();
  for (size_t at = 0; at < pickle.size(); ++at) {
    for (const char wrong : {'\0', 'J', 'N', 'Q', 'R', 't', '\x7f', '\xff'}) {
      std::string damaged = pickle;
      damaged[at] = wrong;
      try {
        ReadCheckpoint(AsBytes(builder.Member("checkpoint_final/data.pkl", damaged).Bytes()));
      } catch (const Error&) {
      }
    }
  }
}

}  // namespace
}  // namespace tuckerseg
