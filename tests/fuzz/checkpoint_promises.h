/// What must hold of every checkpoint that is read: its tensors are as large as they say, and can be kept as
/// safetensors.
#pragma once

#include <cstring>
#include <utility>
#include <vector>

#include "engine/model/checkpoint.h"
#include "engine/model/safetensors.h"
#include "tests/fuzz/fuzz_input.h"

namespace tuckerseg {

inline void CheckCheckpoint(std::span<const std::byte> bytes) {
  const auto checkpoint = UnlessRefused([&] { return ReadCheckpoint(bytes); });
  if (!checkpoint) return;
  WeightStore weights;
  for (const auto& [name, tensor] : checkpoint->tensors) {
    const auto values = std::as_bytes(std::span(tensor.values));
    weights.Add(name, TensorType::kFloat32, tensor.shape, {values.begin(), values.end()});
    Promise(weights.At(name).ElementCount() == static_cast<int64_t>(tensor.values.size()));
  }
  const std::vector<std::byte> encoded = EncodeSafetensors(weights);
  Promise(EncodeSafetensors(ParseSafetensors(encoded, nullptr)) == encoded);
}

}  // namespace tuckerseg
