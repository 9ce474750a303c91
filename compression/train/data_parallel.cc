#include "compression/train/data_parallel.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <future>
#include <utility>

#include "compression/train/parameters.h"

namespace tuckerseg {
namespace {

/// One device's part of a step.
struct Share {
  Batch batch;
  double weight = 0;  // of the samples
  Parameters parameters;
};

std::vector<Share> SharesOf(const Parameters& parameters, const Batch& batch, const std::vector<std::string>& devices) {
  const int64_t samples = batch.image.size(0);
  const int64_t workers = std::min<int64_t>(samples, static_cast<int64_t>(devices.size()));
  std::vector<Share> shares;
  for (int64_t w = 0; w < workers; ++w) {
    const int64_t begin = samples * w / workers;
    const int64_t count = samples * (w + 1) / workers - begin;
    const std::string& device = devices[static_cast<size_t>(w)];
    Share share{BatchOn({batch.image.narrow(0, begin, count), batch.labels.narrow(0, begin, count)}, device),
                static_cast<double>(count) / static_cast<double>(samples), CopyTo(parameters, device)};
    for (auto& [name, tensor] : share.parameters) tensor.requires_grad_(true);
    shares.push_back(std::move(share));
  }
  return shares;
}

void AddGradients(const std::vector<Share>& shares, const Parameters& parameters) {
  const at::NoGradGuard no_gradients;
  for (const auto& [name, tensor] : parameters)
    for (const Share& share : shares) {
      const at::Tensor& gradient = share.parameters.at(name).grad();
      if (!gradient.defined()) continue;
      at::Tensor& sum = tensor.mutable_grad();
      const at::Tensor there = gradient.to(tensor.device()) * share.weight;
      sum = sum.defined() ? sum.add_(there) : there;
    }
}

}  // namespace

Batch BatchOn(const Batch& batch, const std::string& device) {
  const at::Device where(device);
  return {batch.image.to(where).contiguous(at::MemoryFormat::ChannelsLast3d), batch.labels.to(where)};
}

StepGradients OverDevices(StepGradients gradients, std::vector<std::string> devices) {
  if (devices.size() < 2) return gradients;
  return [gradients = std::move(gradients), devices = std::move(devices)](const Parameters& parameters, const Batch& batch, int64_t step) {
    const std::vector<Share> shares = SharesOf(parameters, batch, devices);
    std::vector<std::future<double>> losses;
    for (const Share& share : shares) {
      losses.push_back(std::async(std::launch::async, [&gradients, &share, step] {
        at::init_num_threads();
        return gradients(share.parameters, share.batch, step);
      }));
    }
    for (const std::future<double>& loss : losses) loss.wait();
    double mean = 0;
    for (size_t w = 0; w < shares.size(); ++w) mean += shares[w].weight * losses[w].get();
    AddGradients(shares, parameters);
    return mean;
  };
}

}  // namespace tuckerseg
