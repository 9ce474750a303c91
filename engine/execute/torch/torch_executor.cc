#include "engine/execute/torch/torch_executor.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <torch/version.h>

#include <algorithm>

#include "engine/error.h"
#include "engine/execute/patch_check.h"
#include "engine/execute/torch/cuda_library.h"
#include "engine/execute/torch/torch_band.h"
#include "engine/execute/torch/torch_errors.h"
#include "engine/execute/torch/torch_network.h"

namespace tuckerseg {
namespace {

const LayerGraph& Valid(const LayerGraph& graph) {
  graph.Validate();
  return graph;
}

/// Makes `threads` LibTorch's number on the calling thread, where OpenMP keeps it. To ask for it comes first: a thread that has not run LibTorch yet is given
/// the number that was set last, by whichever thread, and would be given it later, over what is set here. By LibTorch's own loops as by ours (parallel_loops.h): of the header's function that gives it
/// this program has another copy, with another mark of the threads that it was called on.
void UseThreads(int threads) {
  at::internal::lazy_init_num_threads();
  if (at::get_num_threads() != threads) at::set_num_threads(threads);
}

class TorchExecutor final : public Executor {
 public:
  TorchExecutor(const LayerGraph& graph, const WeightStore& weights, const std::string& prefix, at::Device device, int threads, Precision precision)
      : network_(Valid(graph), weights, prefix, device, precision), threads_(threads), type_(ScalarTypeOf(precision)) {
    if (device.is_cpu()) return;
    // cuBLAS takes its memory at its first product, which only the last layer behind the sums needs: now, and not in a request on a device that others have filled meanwhile.
    const c10::InferenceMode no_gradients;
    const at::Tensor one = at::ones({1, 1}, at::TensorOptions().dtype(at::kFloat).device(device));
    at::mm(one, one);
  }

  std::span<const float> Run(std::span<const float> patch, const Size3& shape) override {
    CheckPatch(network_.graph(), patch, shape);
    return WithTorchErrors("a patch", [&]() -> std::span<const float> {
      UseThreads(threads_);  // of this executor, whichever thread runs it: another number may round otherwise
      const c10::InferenceMode no_gradients;
      // from_blob wants a mutable pointer; no layer writes into the input (kInput is never an in-place source).
      const at::Tensor input = at::from_blob(const_cast<float*>(patch.data()),
                                             {1, network_.graph().InChannels(), shape[0], shape[1], shape[2]}, at::kFloat);
      logits_.reset();  // before the next ones: with 118 classes they are the largest tensor of all
      // C order first and the type last on the way back: the device turns them around in no time, and half the bytes cross the bus.
      logits_ = network_.Forward(input.to(network_.device(), type_)).contiguous().to(at::kCPU).to(at::kFloat);
      return {logits_.const_data_ptr<float>(), static_cast<size_t>(logits_.numel())};
    });
  }

  void ReleaseLogits() override { logits_.reset(); }

  bool SumsPatches() const override { return !network_.device().is_cpu(); }

  std::unique_ptr<PatchBand> MakeBand(const PatchBandShape& shape, std::span<const float> image, std::span<const float> importance) override {
    return std::make_unique<TorchBand>(shape, image, importance, network_.device());
  }

  void RunInto(PatchBand& band, std::span<const Size3> origins, std::span<const unsigned> flips, int64_t first_channel, bool first_fold) override {
    auto* const sums = dynamic_cast<TorchBand*>(&band);
    if (sums == nullptr) throw Error(ErrorCode::kInternal, "a band of another kind of executor");
    WithTorchErrors("a patch", [&] {
      UseThreads(threads_);
      const c10::InferenceMode no_gradients;
      const size_t at_once = network_.TakesBatches() ? origins.size() : 1;
      for (size_t first = 0; first < origins.size(); first += at_once) {
        std::vector<at::Tensor> patches;
        for (size_t i = first; i < first + at_once; ++i) patches.push_back(sums->Patch(origins[i]));
        const at::Tensor values = MeanOverFlips(at::cat(patches), flips);
        for (size_t i = 0; i < at_once; ++i) sums->Add(values.narrow(0, static_cast<int64_t>(i), 1), origins[first + i], first_channel, first_fold);
      }
      sums->EndCall();
    });
  }

 private:
  /// `patches`: [patches, 1, d0, d1, d2]. In float32, and nobody else's.
  at::Tensor MeanOverFlips(const at::Tensor& patches, std::span<const unsigned> flips) const {
    const auto forward = [this](const at::Tensor& input) { return network_.Forward(input.contiguous().to(type_)).to(at::kFloat); };
    if (flips.size() == 1 && flips.front() == 0) return forward(patches);
    at::Tensor sum;
    for (const unsigned flip : flips) {
      std::vector<int64_t> axes;  // of [batch, channel, d0, d1, d2]
      for (unsigned a = 0; a < 3; ++a)
        if ((flip >> a & 1U) != 0) axes.push_back(2 + static_cast<int64_t>(a));
      const at::Tensor turned_back = forward(patches.flip(axes)).flip(axes);
      sum = sum.defined() ? sum.add_(turned_back) : turned_back;
    }
    return sum.div_(static_cast<double>(flips.size()));
  }

  TorchNetwork network_;
  int threads_;
  at::ScalarType type_;
  at::Tensor logits_;
};

}  // namespace

std::vector<std::string> TorchDevices() {
  std::vector<std::string> devices{"cpu"};
  for (int i = 0; i < CudaDeviceCount(); ++i) devices.push_back("cuda:" + std::to_string(i));
  return devices;
}

std::string TorchVersion() { return "LibTorch " TORCH_VERSION; }

ExecutorFactory TorchExecutorFactory(const std::string& device, int threads, Precision precision) {
  const std::vector<std::string> devices = TorchDevices();
  if (std::find(devices.begin(), devices.end(), device) == devices.end()) {
    std::string known;
    for (const std::string& name : devices) known += (known.empty() ? "" : ", ") + name;
    if (!CudaAbsence().empty()) known += " (no CUDA: " + CudaAbsence() + ")";
    throw Error(ErrorCode::kInvalidArgument, "device = " + device + ": must be one of " + known);
  }
  if (device == "cpu" && precision == Precision::kFloat16) {
    throw Error(ErrorCode::kInvalidArgument, "precision = fp16: must be fp32 or bf16 on the CPU");
  }
  const int used_threads = std::max(threads, 1);
  at::set_num_threads(used_threads);  // also for what runs LibTorch without these executors (training, timing of single layers)
  // float32 means float32: TF32 keeps ten bits of the mantissa, and a search for the fastest kernel may choose another
  // one on the next start.
  at::globalContext().setAllowTF32CuDNN(false);
  at::globalContext().setAllowTF32CuBLAS(false);
  at::globalContext().setBenchmarkCuDNN(false);
  // cuDNN's kernels that are called deterministic take 2.6 times as long in float32. Those it prefers gave the same bits in every run too.
  at::globalContext().setDeterministicCuDNN(false);
  return [device, used_threads, precision](const LayerGraph& graph, const WeightStore& weights, const std::string& prefix) {
    return WithTorchErrors("a patch", [&] {
      UseThreads(used_threads);  // factors are multiplied into cores here
      return std::make_unique<TorchExecutor>(graph, weights, prefix, at::Device(device), used_threads, precision);
    });
  };
}

}  // namespace tuckerseg
