/// The types that executors compute in. Patches and logits are float32 in each.
#pragma once

#include <optional>
#include <string_view>

namespace tuckerseg {

enum class Precision { kFloat32, kBFloat16, kFloat16 };

/// As command lines, cards and layer times call it.
constexpr const char* NameOf(Precision precision) {
  switch (precision) {
    case Precision::kBFloat16:
      return "bf16";
    case Precision::kFloat16:
      return "fp16";
    case Precision::kFloat32:
      break;
  }
  return "fp32";
}

constexpr std::optional<Precision> PrecisionNamed(std::string_view name) {
  for (const Precision precision : {Precision::kFloat32, Precision::kBFloat16, Precision::kFloat16})
    if (name == NameOf(precision)) return precision;
  return std::nullopt;
}

}  // namespace tuckerseg
