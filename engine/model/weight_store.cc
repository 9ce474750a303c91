#include "engine/model/weight_store.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>

#include "engine/error.h"
#include "engine/half.h"

namespace tuckerseg {
namespace {

template <typename T>
T Load(const std::byte* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

}  // namespace

size_t BytesPerElement(TensorType type) {
  switch (type) {
    case TensorType::kFloat64:
    case TensorType::kInt64:
      return 8;
    case TensorType::kFloat32:
    case TensorType::kInt32:
      return 4;
    case TensorType::kFloat16:
    case TensorType::kBFloat16:
    case TensorType::kInt16:
      return 2;
    case TensorType::kInt8:
    case TensorType::kUint8:
    case TensorType::kBool:
      return 1;
  }
  return 1;
}

int64_t TensorView::ElementCount() const {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  return count;
}

bool IsFloatingPoint(TensorType type) {
  return type == TensorType::kFloat64 || type == TensorType::kFloat32 || type == TensorType::kFloat16 || type == TensorType::kBFloat16;
}

std::vector<float> ToFloat(const TensorView& tensor) {
  const auto count = static_cast<size_t>(tensor.ElementCount());
  std::vector<float> values(count);
  const std::byte* bytes = tensor.bytes.data();
  switch (tensor.type) {
    case TensorType::kFloat32:
      if (count > 0) std::memcpy(values.data(), bytes, count * sizeof(float));
      return values;
    case TensorType::kFloat64:
      for (size_t i = 0; i < count; ++i) values[i] = static_cast<float>(Load<double>(bytes + 8 * i));
      return values;
    case TensorType::kFloat16:
      for (size_t i = 0; i < count; ++i) values[i] = FloatFromHalf(Load<uint16_t>(bytes + 2 * i));
      return values;
    case TensorType::kBFloat16:
      for (size_t i = 0; i < count; ++i) {
        values[i] = std::bit_cast<float>(static_cast<uint32_t>(Load<uint16_t>(bytes + 2 * i)) << 16);
      }
      return values;
    default:
      throw Error(ErrorCode::kInvalidArgument, "tensor of integers: must be floating point");
  }
}

void WeightStore::Add(const std::string& name, TensorType type, std::vector<int64_t> shape, std::vector<std::byte> bytes) {
  auto owned = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  AddView(name, {type, std::move(shape), *owned}, owned);
}

void WeightStore::AddFloats(const std::string& name, TensorType type, std::vector<int64_t> shape, std::span<const float> values) {
  if (type == TensorType::kFloat32) {
    const auto bytes = std::as_bytes(values);
    return Add(name, type, std::move(shape), {bytes.begin(), bytes.end()});
  }
  if (type != TensorType::kFloat16) throw Error(ErrorCode::kInvalidArgument, "weights: must be stored as float32 or float16");
  std::vector<std::byte> bytes(values.size() * sizeof(uint16_t));
  for (size_t i = 0; i < values.size(); ++i) {
    const uint16_t half = HalfFromFloat(values[i]);
    if (std::isfinite(values[i]) && !std::isfinite(FloatFromHalf(half))) {
      throw Error(ErrorCode::kInvalidArgument, "tensor " + name + ": value " + std::to_string(values[i]) + ": must be within float16's 65504; float32 holds it");
    }
    std::memcpy(bytes.data() + i * sizeof(half), &half, sizeof(half));
  }
  Add(name, type, std::move(shape), std::move(bytes));
}

void WeightStore::AddView(const std::string& name, TensorView view, std::shared_ptr<const void> keeper) {
  tensors_[name] = std::move(view);
  if (keepers_.empty() || keepers_.back() != keeper) keepers_.push_back(std::move(keeper));
}

const TensorView* WeightStore::Find(const std::string& name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

const TensorView& WeightStore::At(const std::string& name) const {
  const TensorView* tensor = Find(name);
  if (tensor == nullptr) throw Error(ErrorCode::kFailedPrecondition, "tensor " + name + ": missing in the weights");
  return *tensor;
}

int64_t WeightStore::TotalBytes() const {
  int64_t total = 0;
  for (const auto& [name, tensor] : tensors_) total += static_cast<int64_t>(tensor.bytes.size());
  return total;
}

}  // namespace tuckerseg
