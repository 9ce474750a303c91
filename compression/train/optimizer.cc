#include "compression/train/optimizer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "compression/train/parameters.h"
#include "engine/execute/torch/torch_errors.h"

namespace tuckerseg {
namespace {

constexpr double kPolynomialPower = 0.9;
constexpr double kNormGuard = 1e-6;
constexpr auto kUpdates = "updates.";

Parameters InitialState(OptimizerKind kind, const Parameters& parameters) {
  Parameters state;
  for (const auto& [name, tensor] : parameters) {
    if (kind == OptimizerKind::kSgd) {
      state["momentum." + name] = at::zeros_like(tensor.detach());
    } else {
      state["first." + name] = at::zeros_like(tensor.detach());
      state["second." + name] = at::zeros_like(tensor.detach());
      state[kUpdates + name] = at::zeros({1}, at::kDouble);
    }
  }
  return state;
}

}  // namespace

double LearningRate(const OptimizerOptions& options, int64_t step, int64_t total) {
  const double done = std::clamp(static_cast<double>(step) / static_cast<double>(std::max<int64_t>(total, 1)), 0.0, 1.0);
  if (options.schedule == Schedule::kCosine) return options.learning_rate * 0.5 * (1 + std::cos(std::numbers::pi * done));
  return options.learning_rate * std::pow(1 - done, kPolynomialPower);
}

double ClipGradients(Parameters& parameters, double most) {
  double squares = 0;
  for (const auto& [name, tensor] : parameters) {
    if (!tensor.grad().defined()) continue;
    const double norm = tensor.grad().norm().item<double>();
    squares += norm * norm;
  }
  const double norm = std::sqrt(squares);
  const double scale = most / (norm + kNormGuard);
  if (most > 0 && scale < 1) {
    for (auto& [name, tensor] : parameters)
      if (tensor.grad().defined()) tensor.mutable_grad().mul_(scale);
  }
  return norm;
}

Optimizer::Optimizer(const OptimizerOptions& options, const Parameters& parameters)
    : options_(options), state_(WithTorchErrors("the optimizer's state", [&] { return InitialState(options.kind, parameters); })) {}

void Optimizer::Restore(const std::string& prefix, const WeightStore& weights, int64_t step) {
  Parameters stored;  // the same tensors, not copies
  for (auto& [name, tensor] : state_) {
    if (name.starts_with(kUpdates) && weights.Find(prefix + name) == nullptr) {
      tensor.fill_(static_cast<double>(step));
    } else {
      stored[name] = tensor;
    }
  }
  TakeState(prefix, weights, stored);
}

void Optimizer::Step(Parameters& parameters, double learning_rate) {
  const at::NoGradGuard no_gradients;
  for (auto& [name, tensor] : parameters) {
    if (!tensor.grad().defined()) continue;
    const at::Tensor& gradient = tensor.grad();
    if (options_.kind == OptimizerKind::kSgd) {
      const at::Tensor decayed = gradient.add(tensor, options_.weight_decay);
      at::Tensor& momentum = state_.at("momentum." + name);
      momentum.mul_(options_.momentum).add_(decayed);
      tensor.add_(decayed.add(momentum, options_.momentum), -learning_rate);
      continue;
    }
    at::Tensor& first = state_.at("first." + name);
    at::Tensor& second = state_.at("second." + name);
    first.mul_(options_.beta1).add_(gradient, 1 - options_.beta1);
    second.mul_(options_.beta2).addcmul_(gradient, gradient, 1 - options_.beta2);
    const double updates = state_.at(kUpdates + name).add_(1).item<double>();
    const double first_bias = 1 - std::pow(options_.beta1, updates);
    const double second_bias = 1 - std::pow(options_.beta2, updates);
    tensor.mul_(1 - learning_rate * options_.weight_decay);
    tensor.addcdiv_(first, (second / second_bias).sqrt_().add_(options_.epsilon), -learning_rate / first_bias);
  }
}

void UpdateAverage(Parameters& average, const Parameters& parameters, double decay, int64_t step) {
  const at::NoGradGuard no_gradients;
  const double kept = std::min(decay, static_cast<double>(1 + step) / static_cast<double>(10 + step));
  for (auto& [name, mean] : average) mean.lerp_(parameters.at(name).detach(), 1 - kept);
}

}  // namespace tuckerseg
