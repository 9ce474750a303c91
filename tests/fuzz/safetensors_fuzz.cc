/// Bytes -> weights -> safetensors -> weights: the same tensors, and the same bytes from then on.
#include <algorithm>

#include "engine/model/safetensors.h"
#include "tests/fuzz/fuzz_input.h"

namespace tuckerseg {
namespace {

bool SameTensors(const WeightStore& a, const WeightStore& b) {
  return std::ranges::equal(a.tensors(), b.tensors(), [](const auto& one, const auto& two) {
    return one.first == two.first && one.second.type == two.second.type &&
           one.second.shape == two.second.shape && std::ranges::equal(one.second.bytes, two.second.bytes);
  });
}

}  // namespace
}  // namespace tuckerseg

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tuckerseg;
  const auto weights = UnlessRefused([&] { return ParseSafetensors(Bytes(data, size), nullptr); });
  if (!weights) return 0;
  for (const auto& [name, tensor] : weights->tensors()) {
    Promise(static_cast<size_t>(tensor.ElementCount()) * BytesPerElement(tensor.type) == tensor.bytes.size());
    const auto values = UnlessRefused([&tensor = tensor] { return ToFloat(tensor); });
    Promise(!values || static_cast<int64_t>(values->size()) == tensor.ElementCount());
  }
  const auto encoded = EncodeSafetensors(*weights);
  const WeightStore again = ParseSafetensors(encoded, nullptr);
  Promise(SameTensors(again, *weights));
  Promise(EncodeSafetensors(again) == encoded);
  return 0;
}
