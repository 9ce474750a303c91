#include "engine/model/safetensors.h"

#include <gmock/gmock.h>

#include "engine/model/file_bytes.h"
#include "tests/engine/model/byte_strings.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using ::testing::ElementsAre;

WeightStore TwoTensors() {
  WeightStore weights;
  weights.Add("b", TensorType::kFloat32, {2, 1}, AsBytes(BytesOfValues<float>({1, 2})));
  weights.Add("a", TensorType::kFloat16, {3}, AsBytes("halves"));
  return weights;
}

/// A file of the header and 8 bytes of data.
std::string FileOf(const std::string& header) { return BytesOfValue(uint64_t{header.size()}) + header + "12345678"; }

WeightStore Parse(const std::string& file) {
  const auto bytes = std::make_shared<const std::vector<std::byte>>(AsBytes(file));
  return ParseSafetensors(*bytes, bytes);
}

void ExpectDamaged(const std::string& header, const std::string& message) {
  SCOPED_TRACE(header);
  ExpectError(ErrorCode::kDataLoss, "safetensors: " + message, [&] { Parse(FileOf(header)); });
}

void ExpectEqual(const WeightStore& a, const WeightStore& b) {
  ASSERT_EQ(a.tensors().size(), b.tensors().size());
  for (const auto& [name, tensor] : a.tensors()) {
    EXPECT_EQ(tensor.type, b.At(name).type);
    EXPECT_EQ(tensor.shape, b.At(name).shape);
    EXPECT_EQ(AsText(tensor.bytes), AsText(b.At(name).bytes));
  }
}

TEST(Safetensors, ReadsAnEmptyTensorThatIsLargeAlongAnotherAxis) {
  const std::string header = R"({"full":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"none":{"dtype":"F32","shape":[100000,0],"data_offsets":[8,8]}})";
  const WeightStore weights = Parse(FileOf(header));
  EXPECT_THAT(weights.At("none").shape, ElementsAre(100000, 0));
  EXPECT_TRUE(weights.At("none").bytes.empty());
  ExpectEqual(Parse(AsText(EncodeSafetensors(weights))), weights);
}

TEST(Safetensors, ReadsAFileAsTheFormatDescribesIt) {
  const WeightStore weights = Parse(FileOf(
      R"({"__metadata__":{"format":"pt"},"late":{"dtype":"F16","shape":[1,2],"data_offsets":[4,8]},"early":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})"));
  EXPECT_EQ(weights.tensors().size(), 2U);
  EXPECT_EQ(AsText(weights.At("early").bytes), "1234");
  EXPECT_EQ(AsText(weights.At("late").bytes), "5678");
  EXPECT_EQ(weights.At("late").type, TensorType::kFloat16);
  EXPECT_THAT(weights.At("late").shape, ElementsAre(1, 2));
}

TEST(Safetensors, GivesAStoreBackFromItsBytes) { ExpectEqual(Parse(AsText(EncodeSafetensors(TwoTensors()))), TwoTensors()); }

TEST(Safetensors, GivesEveryTypeBack) {
  WeightStore weights;
  for (const TensorType type :
       {TensorType::kFloat64, TensorType::kFloat32, TensorType::kFloat16, TensorType::kBFloat16, TensorType::kInt64,
        TensorType::kInt32, TensorType::kInt16, TensorType::kInt8, TensorType::kUint8, TensorType::kBool}) {
    weights.Add("t" + std::to_string(static_cast<int>(type)), type, {1}, std::vector<std::byte>(BytesPerElement(type)));
  }
  ExpectEqual(Parse(AsText(EncodeSafetensors(weights))), weights);
}

TEST(Safetensors, GivesEmptyStoresAndTensorsBack) {
  ExpectEqual(Parse(AsText(EncodeSafetensors(WeightStore()))), WeightStore());
  WeightStore weights = TwoTensors();
  weights.Add("ab", TensorType::kFloat32, {0, 5}, {});
  ExpectEqual(Parse(AsText(EncodeSafetensors(weights))), weights);
}

TEST(Safetensors, GivesEqualStoresEqualBytes) {
  WeightStore other_order;
  other_order.Add("a", TensorType::kFloat16, {3}, AsBytes("halves"));
  other_order.Add("b", TensorType::kFloat32, {2, 1}, AsBytes(BytesOfValues<float>({1, 2})));
  EXPECT_EQ(EncodeSafetensors(TwoTensors()), EncodeSafetensors(other_order));
}

TEST(Safetensors, OrdersTensorsByNameAndBeginsThemAtAMultipleOf64) {
  const std::string file = AsText(EncodeSafetensors(TwoTensors()));
  const size_t data = file.find("halves");
  EXPECT_EQ(data % 64, 0U);
  EXPECT_EQ(file.substr(data + 6), BytesOfValues<float>({1, 2}));
}

TEST(Safetensors, KeepsTheFilesBytesWithTheStore) {
  const TemporaryDirectory folder;
  const auto path = folder.path() / "weights.safetensors";
  WriteSafetensors(path, TwoTensors());
  WeightStore copy;
  {
    const auto file = FileBytes::Read(path, "weights");
    const WeightStore read = ParseSafetensors(file->bytes(), file);
    std::filesystem::remove(path);
    copy = read;
  }
  ExpectEqual(copy, TwoTensors());
}

TEST(Safetensors, WritesBesideTheFileAndLeavesNothingElse) {
  const TemporaryDirectory folder;
  WriteSafetensors(folder.Write("weights", "an older file"), TwoTensors());
  EXPECT_EQ(FileText(folder.path() / "weights"), AsText(EncodeSafetensors(TwoTensors())));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(Safetensors, RefusesToWriteWhereItCannotAndCleansUp) {
  const TemporaryDirectory folder;
  ExpectError(ErrorCode::kInternal, "weights: cannot be written",
              [&] { WriteSafetensors(folder.path() / "no" / "folder", TwoTensors()); });
  folder.Write("taken/by", "a folder");
  ExpectError(ErrorCode::kInternal, "weights: cannot be put in place",
              [&] { WriteSafetensors(folder.path() / "taken", TwoTensors()); });
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(DamagedSafetensors, AreRefusedByTheirHeaderLength) {
  ExpectError(ErrorCode::kDataLoss, "shorter than the length of its header", [] { Parse("1234567"); });
  ExpectError(ErrorCode::kDataLoss, "header length = 3: must lie within the file",
              [] { Parse(BytesOfValue(uint64_t{3}) + "{}"); });
  ExpectError(ErrorCode::kDataLoss, "header length = 18446744073709551615", [] { Parse(BytesOfValue(~uint64_t{0}) + "{}"); });
}

TEST(DamagedSafetensors, AreRefusedWhereTheHeaderIsNoJsonObject) {
  ExpectDamaged("{", "header: not JSON");
  ExpectDamaged("[1]", "header = [1]: must be an object");
  ExpectDamaged("{\"\xff\": 1}", "header: not JSON");
}

TEST(DamagedSafetensors, AreRefusedByTheTensorsField) {
  ExpectDamaged(R"({"t":3})", "t = 3: must be an object");
  ExpectDamaged(R"({"t":{"shape":[2],"data_offsets":[0,8]}})", "t.dtype: missing");
  ExpectDamaged(R"({"t":{"dtype":"F32","data_offsets":[0,8]}})", "t.shape: missing");
  ExpectDamaged(R"({"t":{"dtype":"F32","shape":[2]}})", "t.data_offsets: missing");
  ExpectDamaged(R"({"t":{"dtype":"F8","shape":[2],"data_offsets":[0,8]}})", "tensor t: dtype F8: must be one of");
  ExpectDamaged(R"({"t":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", "t.shape[0] = -2: must be a whole number");
  ExpectDamaged(R"({"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}})", "tensor t: data_offsets must be two numbers");
  ExpectDamaged(R"({"t":{"dtype":"F32","shape":[2],"data_offsets":[0,1e99]}})", "t.data_offsets[1]");
}

TEST(DamagedSafetensors, AreRefusedWhereOffsetsPassTheEnd) {
  ExpectDamaged(R"({"t":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
                "tensor t: data_offsets pass the end of the file");
  ExpectDamaged(R"({"t":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", "tensor t: data_offsets pass the end of the file");
}

TEST(DamagedSafetensors, AreRefusedWhereShapeAndOffsetsDisagree) {
  ExpectDamaged(R"({"t":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})",
                "tensor t: data_offsets contradict shape and dtype");
  ExpectDamaged(R"({"t":{"dtype":"F32","shape":[0],"data_offsets":[0,8]}})",
                "tensor t: data_offsets contradict shape and dtype");
  ExpectDamaged(R"({"t":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", "tensor t: shape passes the end of the file");
  // A product that would overflow to 8 bytes.
  ExpectDamaged(R"({"t":{"dtype":"U8","shape":[281474976710656,65536,8],"data_offsets":[0,8]}})",
                "tensor t: shape passes the end");
}

TEST(DamagedSafetensors, AreRefusedWhereTensorsOverlapOrLeaveGaps) {
  ExpectDamaged(R"({"t":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"u":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})",
                "tensor u: overlaps another tensor");
  ExpectDamaged(R"({"t":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"u":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})",
                "tensor u: a gap lies before it");
  ExpectDamaged(R"({"t":{"dtype":"U8","shape":[7],"data_offsets":[0,7]}})",
                "bytes that belong to no tensor follow the last one");
  ExpectDamaged("{}", "bytes that belong to no tensor follow the last one");
}

TEST(DamagedSafetensors, AreRefusedWhereverTheyAreCut) {
  const std::string file = AsText(EncodeSafetensors(TwoTensors()));
  for (size_t size = 0; size < file.size(); ++size) {
    ExpectError(ErrorCode::kDataLoss, "safetensors: ", [&] { Parse(file.substr(0, size)); });
  }
}

TEST(DamagedSafetensors, AreReadOrRefusedAsDataLossWhereAByteIsWrong) {
  const std::string file = AsText(EncodeSafetensors(TwoTensors()));
  for (size_t at = 0; at < file.size(); ++at) {
    std::string damaged = file;
    for (const char wrong : {'\0', '9', '"', '\xff'}) {
      damaged[at] = wrong;
      try {
        Parse(damaged);
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kDataLoss) << error.what();
      }
    }
  }
}

}  // namespace
}  // namespace tuckerseg
