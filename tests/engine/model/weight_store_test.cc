#include "engine/model/weight_store.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "tests/engine/model/byte_strings.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using ::testing::ElementsAre;

std::vector<float> FloatsOf(TensorType type, const std::string& bytes) {
  const std::vector<std::byte> owned = AsBytes(bytes);
  return ToFloat({type, {static_cast<int64_t>(owned.size() / BytesPerElement(type))}, owned});
}

TEST(ToFloat, CopiesFloat32) {
  EXPECT_THAT(FloatsOf(TensorType::kFloat32, BytesOfValues<float>({1, -2.5F})), ElementsAre(1, -2.5F));
}

TEST(ToFloat, RoundsFloat64) {
  EXPECT_THAT(FloatsOf(TensorType::kFloat64, BytesOfValues<double>({0.1, -3})), ElementsAre(0.1F, -3));
}

TEST(ToFloat, WidensEveryRangeOfHalf) {
  const std::vector<float> values =
      FloatsOf(TensorType::kFloat16,
               BytesOfValues<uint16_t>({0x0000, 0x8000, 0x0001, 0x03FF, 0x0400, 0x3555, 0x7BFF, 0x7C00, 0xFC00, 0x7E00}));
  EXPECT_EQ(values[0], 0.0F);
  EXPECT_TRUE(std::signbit(values[1]));
  EXPECT_EQ(values[2], 0x1p-24F);         // the smallest subnormal
  EXPECT_EQ(values[3], 1023 * 0x1p-24F);  // the largest subnormal
  EXPECT_EQ(values[4], 0x1p-14F);         // the smallest normal
  EXPECT_EQ(values[5], 0.333251953125F);
  EXPECT_EQ(values[6], 65504.0F);
  EXPECT_EQ(values[7], std::numeric_limits<float>::infinity());
  EXPECT_EQ(values[8], -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(values[9]));
}

TEST(ToFloat, WidensBfloat16) {
  EXPECT_THAT(FloatsOf(TensorType::kBFloat16, BytesOfValues<uint16_t>({0x3F80, 0xC020, 0x0001})),
              ElementsAre(1, -2.5F, 0x1p-133F));
}

TEST(ToFloat, RefusesIntegers) {
  for (const TensorType type :
       {TensorType::kInt64, TensorType::kInt32, TensorType::kInt16, TensorType::kInt8, TensorType::kUint8, TensorType::kBool}) {
    ExpectError(ErrorCode::kInvalidArgument, "must be floating point", [=] { FloatsOf(type, "12345678"); });
  }
}

TEST(TensorView, CountsAScalarAsOneElementAndAnEmptyAxisAsNone) {
  EXPECT_EQ((TensorView{TensorType::kFloat32, {}, {}}.ElementCount()), 1);
  EXPECT_EQ((TensorView{TensorType::kFloat32, {3, 0}, {}}.ElementCount()), 0);
  EXPECT_EQ((TensorView{TensorType::kFloat32, {2, 3}, {}}.ElementCount()), 6);
}

TEST(WeightStore, FindsTensorsByName) {
  WeightStore store;
  store.Add("a", TensorType::kUint8, {2}, AsBytes("xy"));
  ASSERT_NE(store.Find("a"), nullptr);
  EXPECT_EQ(AsText(store.Find("a")->bytes), "xy");
  EXPECT_EQ(store.Find("b"), nullptr);
  EXPECT_THAT(store.At("a").shape, ElementsAre(2));
}

TEST(WeightStore, RefusesAnAbsentTensorByName) {
  ExpectError(ErrorCode::kFailedPrecondition, "tensor b: missing in the weights", [] { WeightStore().At("b"); });
}

TEST(WeightStore, ReplacesATensorOfTheSameName) {
  WeightStore store;
  store.Add("a", TensorType::kUint8, {2}, AsBytes("xy"));
  store.Add("a", TensorType::kUint8, {3}, AsBytes("xyz"));
  EXPECT_EQ(AsText(store.At("a").bytes), "xyz");
  EXPECT_EQ(store.tensors().size(), 1U);
}

TEST(WeightStore, RefusesToMakeAnInfinityOfAValueThatFloat16CannotHold) {
  WeightStore store;
  const std::vector<float> values{1, -1e5F};
  ExpectError(ErrorCode::kInvalidArgument, "tensor core: value -100000.000000: must be within float16's 65504", [&] { store.AddFloats("core", TensorType::kFloat16, {2}, values); });
  EXPECT_NO_THROW(store.AddFloats("core", TensorType::kFloat32, {2}, values));
}

TEST(WeightStore, KeepsViewsAlive) {
  auto keeper = std::make_shared<std::vector<std::byte>>(AsBytes("kept"));
  const std::weak_ptr<std::vector<std::byte>> watch = keeper;
  WeightStore store;
  store.AddView("a", {TensorType::kUint8, {4}, *keeper}, keeper);
  store.AddView("b", {TensorType::kUint8, {2}, std::span(*keeper).first(2)}, keeper);
  keeper.reset();
  ASSERT_FALSE(watch.expired());
  EXPECT_EQ(AsText(store.At("a").bytes), "kept");
  store = WeightStore();
  EXPECT_TRUE(watch.expired());
}

TEST(WeightStore, SharesItsBytesWithCopiesThatOutliveIt) {
  auto store = std::make_unique<WeightStore>();
  store->Add("a", TensorType::kUint8, {2}, AsBytes("xy"));
  const WeightStore copy = *store;
  EXPECT_EQ(copy.At("a").bytes.data(), store->At("a").bytes.data());
  store.reset();
  EXPECT_EQ(AsText(copy.At("a").bytes), "xy");
}

TEST(WeightStore, SumsTheBytesOfItsTensors) {
  WeightStore store;
  EXPECT_EQ(store.TotalBytes(), 0);
  store.Add("a", TensorType::kFloat32, {1}, AsBytes("1234"));
  store.Add("b", TensorType::kFloat16, {3}, AsBytes("123456"));
  EXPECT_EQ(store.TotalBytes(), 10);
}

}  // namespace
}  // namespace tuckerseg
