#include "compression/train/parameters.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>
#include <cstring>
#include <utility>

#include "compression/train/random_stream.h"
#include "engine/error.h"
#include "engine/execute/torch/torch_errors.h"

namespace tuckerseg {
namespace {

constexpr double kNegativeSlope = 0.01;  // of InitWeights_He, whatever the layers have

int64_t Product(const std::vector<int64_t>& shape, size_t first) {
  int64_t product = 1;
  for (size_t i = first; i < shape.size(); ++i) product *= shape[i];
  return product;
}

uint64_t NameHash(const std::string& name) {
  uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

std::string LastPart(const std::string& name) { return name.substr(name.rfind('.') + 1); }

/// By name and seed, so that a layer begins alike in whatever network it stands.
at::Tensor Normal(const TensorSpec& spec, double deviation, uint64_t seed) {
  RandomStream random({seed, NameHash(spec.name)});
  at::Tensor tensor = at::empty(spec.shape, at::kFloat);
  auto* values = tensor.mutable_data_ptr<float>();
  for (int64_t i = 0; i < tensor.numel(); ++i) values[i] = static_cast<float>(deviation * random.Normal());
  return tensor;
}

at::Tensor Initial(const TensorSpec& spec, uint64_t seed) {
  const std::string part = LastPart(spec.name);
  if (part == "bias") return at::zeros(spec.shape, at::kFloat);
  if (spec.shape.size() == 1) return at::ones(spec.shape, at::kFloat);
  const double gain = std::sqrt(2 / (1 + kNegativeSlope * kNegativeSlope));
  if (part == "in_factor") return Normal(spec, 1 / std::sqrt(static_cast<double>(spec.shape[0])), seed);
  if (part == "out_factor") return Normal(spec, 1 / std::sqrt(static_cast<double>(spec.shape[1])), seed);
  return Normal(spec, gain / std::sqrt(static_cast<double>(Product(spec.shape, 1))), seed);
}

}  // namespace

Parameters InitialParameters(const TrainableGraph& graph, uint64_t seed) {
  Parameters parameters;
  for (const TensorSpec& spec : graph.Tensors()) parameters[spec.name] = Initial(spec, seed);
  return parameters;
}

Parameters LoadParameters(const TrainableGraph& graph, const WeightStore& weights, const std::string& prefix, uint64_t seed) {
  Parameters parameters;
  for (const TensorSpec& spec : graph.Tensors()) {
    if (spec.name.starts_with("auxiliary.") && weights.Find(prefix + spec.name) == nullptr) {
      parameters[spec.name] = Initial(spec, seed);
      continue;
    }
    const TensorView& tensor = weights.At(prefix + spec.name);
    if (tensor.shape != spec.shape) {
      throw Error(ErrorCode::kFailedPrecondition, prefix + spec.name + ": shape differs from the layer's");
    }
    std::vector<float> values = ToFloat(tensor);
    parameters[spec.name] = at::from_blob(values.data(), spec.shape, at::kFloat).clone();
  }
  return parameters;
}

void StoreParameters(const Parameters& parameters, const std::vector<TensorSpec>& specs, const std::string& prefix, TensorType type,
                     WeightStore& weights) {
  if (type != TensorType::kFloat32 && type != TensorType::kFloat16) {
    throw Error(ErrorCode::kInvalidArgument, "weights: must be stored as float32 or float16");
  }
  const at::NoGradGuard no_gradients;
  for (const TensorSpec& spec : specs) {
    const at::ScalarType wanted = type == TensorType::kFloat16 ? at::kHalf : at::kFloat;
    const at::Tensor values = parameters.at(spec.name).detach().to(at::kCPU, wanted).contiguous();
    if (!at::isfinite(values).all().item<bool>()) {
      throw Error(ErrorCode::kInternal, prefix + spec.name + ": holds a number that is not finite, or too large for float16: must be smaller weights or float32");
    }
    std::vector<std::byte> bytes(values.nbytes());
    std::memcpy(bytes.data(), values.const_data_ptr(), bytes.size());
    weights.Add(prefix + spec.name, type, spec.shape, std::move(bytes));
  }
}

Parameters CopyTo(const Parameters& parameters, const std::string& device) {
  return WithTorchErrors("weights", [&] {
    Parameters copy;
    for (const auto& [name, tensor] : parameters) {
      const at::Tensor there = tensor.detach().to(at::Device(device), tensor.scalar_type(), false, /*copy=*/true);
      // oneDNN reads and writes this layout without a copy; contiguous features are turned round before and after each convolution.
      copy[name] = there.dim() == 5 ? there.contiguous(at::MemoryFormat::ChannelsLast3d) : there;
    }
    return copy;
  });
}

void AddState(const std::string& prefix, const Parameters& parameters, WeightStore& store) {
  for (const auto& [name, tensor] : parameters) {
    const at::Tensor values = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
    std::vector<std::byte> bytes(values.nbytes());
    std::memcpy(bytes.data(), values.const_data_ptr(), bytes.size());
    store.Add(prefix + name, TensorType::kFloat32, values.sizes().vec(), std::move(bytes));
  }
}

void TakeState(const std::string& prefix, const WeightStore& store, Parameters& parameters) {
  const at::NoGradGuard no_gradients;
  for (auto& [name, tensor] : parameters) {
    const TensorView* stored = store.Find(prefix + name);
    if (stored == nullptr || stored->type != TensorType::kFloat32 || stored->shape != tensor.sizes().vec()) {
      throw Error(ErrorCode::kDataLoss, "checkpoint: tensor " + prefix + name + ": missing or of another shape: must be the network's");
    }
    std::vector<float> values = ToFloat(*stored);
    tensor.copy_(at::from_blob(values.data(), stored->shape, at::kFloat));
  }
}

}  // namespace tuckerseg
