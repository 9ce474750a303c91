#include "compression/bench/mapped_pages.h"

#include <cstddef>

namespace tuckerseg {

void ReadPages(const WeightStore& weights) {
  constexpr size_t kPage = 4096;
  volatile unsigned sum = 0;
  for (const auto& [name, tensor] : weights.tensors())
    for (size_t byte = 0; byte < tensor.bytes.size(); byte += kPage) sum = sum + std::to_integer<unsigned>(tensor.bytes[byte]);
}

}  // namespace tuckerseg
