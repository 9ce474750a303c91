/// How long one step of a training takes: forward, loss, backward. Timings are never tests.
///
///   tuckerseg-train-step-bench FEATURES PATCH BATCH fp32|bf16 [contiguous|channels-last] [classes] [convolutions a stage]
///   e.g. tuckerseg-train-step-bench 16,32,64,96,128 64 2 bf16
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <sstream>
#include <string>
#include <vector>

#include "compression/train/parameters.h"
#include "compression/train/segmentation_loss.h"
#include "engine/freed_memory.h"
#include "engine/model/unet_builder.h"

namespace {

using namespace tuckerseg;

/// Of all threads: what a step costs where other programs share the processors (with GOMP_SPINCOUNT=0, or waiting counts too).
double ProcessorSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

double Seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

UnetPlan PlanOf(const std::string& features, int64_t classes, int64_t convolutions) {
  UnetPlan plan;
  std::istringstream list(features);
  for (std::string number; std::getline(list, number, ',');) plan.features.push_back(std::stoll(number));
  plan.out_channels = classes;
  for (size_t i = 0; i < plan.features.size(); ++i) {
    plan.kernels.push_back({3, 3, 3});
    plan.strides.push_back(i == 0 ? Size3{1, 1, 1} : Size3{2, 2, 2});
    plan.encoder_convs.push_back(convolutions);
    if (i > 0) plan.decoder_convs.push_back(convolutions);
  }
  return plan;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) return std::fprintf(stderr, "usage: FEATURES PATCH BATCH fp32|bf16 [contiguous|channels-last] [classes] [convolutions]\n"), 2;
  const int64_t patch = std::stoll(argv[2]);
  const int64_t batch = std::stoll(argv[3]);
  const Precision precision = std::string(argv[4]) == "bf16" ? Precision::kBFloat16 : Precision::kFloat32;
  const bool last = argc > 5 && std::string(argv[5]) == "channels-last";
  const int64_t classes = argc > 6 ? std::stoll(argv[6]) : 61;
  const int64_t convolutions = argc > 7 ? std::stoll(argv[7]) : 2;
  at::set_num_threads(2);
  KeepFreedMemory();  // as `train` does
  const TrainableGraph graph(BuildUnet(PlanOf(argv[1], classes, convolutions)), /*deep_supervision=*/true);
  Parameters parameters = InitialParameters(graph, 1);
  int64_t count = 0;
  for (auto& [name, tensor] : parameters) {
    if (!name.starts_with("auxiliary.")) count += tensor.numel();
    if (last && tensor.dim() == 5) tensor = tensor.contiguous(at::MemoryFormat::ChannelsLast3d);
    tensor.requires_grad_(true);
  }
  at::Tensor input = at::randn({batch, 1, patch, patch, patch});
  if (last) input = input.contiguous(at::MemoryFormat::ChannelsLast3d);
  const at::Tensor labels = at::randint(classes, {batch, patch, patch, patch}, at::kLong);
  std::printf("%s patch %ld batch %ld %s %s: %ld parameters\n", argv[1], patch, batch, argv[4], last ? "channels-last" : "contiguous", count);
  std::vector<double> totals;
  for (int step = 0; step < 3; ++step) {
    for (auto& [name, tensor] : parameters) tensor.mutable_grad() = at::Tensor();
    const double busy = ProcessorSeconds();
    const double begin = Seconds();
    const std::vector<at::Tensor> outputs = graph.Forward(parameters, input, precision);
    const double forward = Seconds();
    const at::Tensor loss = SegmentationLoss(outputs, graph.heads(), labels, {});
    const double after_loss = Seconds();
    loss.backward();
    const double end = Seconds();
    totals.push_back(end - begin);
    std::printf("  forward %.3f s, loss %.3f s, backward %.3f s, step %.3f s, processors %.3f s (loss %.4f)\n", forward - begin, after_loss - forward,
                end - after_loss, end - begin, ProcessorSeconds() - busy, loss.item<double>());
  }
  std::printf("  least %.3f s\n", *std::min_element(totals.begin(), totals.end()));
  return 0;
}
