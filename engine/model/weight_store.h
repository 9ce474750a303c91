/// Named tensors: owned, or looked at in a file's bytes that the store keeps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tuckerseg {

enum class TensorType { kFloat64, kFloat32, kFloat16, kBFloat16, kInt64, kInt32, kInt16, kInt8, kUint8, kBool };

size_t BytesPerElement(TensorType type);
bool IsFloatingPoint(TensorType type);

/// Little-endian, C order. Does not own its bytes.
struct TensorView {
  TensorType type = TensorType::kFloat32;
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;
  int64_t ElementCount() const;
};

/// The elements as float32. Errors: kInvalidArgument for integer types.
std::vector<float> ToFloat(const TensorView& tensor);

/// A set of named tensors and whatever keeps their bytes alive. Copies share the bytes. Immutable once filled: thread-safe.
class WeightStore {
 public:
  /// Adds a tensor whose bytes the store owns from now on.
  void Add(const std::string& name, TensorType type, std::vector<int64_t> shape, std::vector<std::byte> bytes);
  /// Adds a tensor of these values as float32 or float16 (nearest, ties to even). Errors: kInvalidArgument for another
  /// type, and for a finite value that float16 cannot hold, naming the tensor.
  void AddFloats(const std::string& name, TensorType type, std::vector<int64_t> shape, std::span<const float> values);
  /// Adds a tensor that lies in `keeper` (a file's bytes).
  void AddView(const std::string& name, TensorView view, std::shared_ptr<const void> keeper);

  const TensorView* Find(const std::string& name) const;
  /// Errors: kFailedPrecondition that names the tensor, if it is absent.
  const TensorView& At(const std::string& name) const;
  const std::map<std::string, TensorView>& tensors() const { return tensors_; }
  int64_t TotalBytes() const;

 private:
  std::map<std::string, TensorView> tensors_;
  std::vector<std::shared_ptr<const void>> keepers_;
};

}  // namespace tuckerseg
