#include "compression/bench/torch/torch_device.h"

#include <ATen/ATen.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/InferenceMode.h>
#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "compression/bench/processor_model.h"
#include "compression/bench/torch/device_wait.h"
#include "engine/execute/torch/torch_errors.h"
#include "engine/execute/torch/torch_network.h"

namespace tuckerseg {
namespace {

template <typename Function>
Function* DriverFunction(void* driver, const char* name) {
  return reinterpret_cast<Function*>(dlsym(driver, name));
}

/// From the driver: LibTorch tells names only through CUDA's own headers, which building does without. Numbers are CUDA_VISIBLE_DEVICES'.
std::string CudaModel(int index) {
  void* driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (driver == nullptr) return "";
  auto* const initialize = DriverFunction<int(unsigned)>(driver, "cuInit");
  auto* const get = DriverFunction<int(int*, int)>(driver, "cuDeviceGet");
  auto* const name = DriverFunction<int(char*, int, int)>(driver, "cuDeviceGetName");
  if (initialize == nullptr || get == nullptr || name == nullptr || initialize(0) != 0) return "";
  int device = 0;
  std::array<char, 128> text{};
  if (get(&device, index) != 0 || name(text.data(), static_cast<int>(text.size()) - 1, device) != 0) return "";
  return text.data();
}

/// What LibTorch's caching allocator hands out.
class CudaPeak final : public PeakMemory {
 public:
  explicit CudaPeak(const at::Device& device) : device_(device.index()) {
    at::empty({1}, at::TensorOptions(device));  // the allocator knows no device before its first use
  }

  void Begin() override {
    c10::DeviceAllocator& allocator = Allocator();
    allocator.emptyCache();
    allocator.resetPeakStats(device_);
    before_ = Allocated().current;
  }
  std::optional<int64_t> Bytes() override { return std::max<int64_t>(0, Allocated().peak - before_); }

 private:
  static c10::DeviceAllocator& Allocator() { return *c10::getDeviceAllocator(c10::DeviceType::CUDA); }
  c10::CachingAllocator::Stat Allocated() const {
    return Allocator().getDeviceStats(device_).allocated_bytes[static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE)];
  }

  c10::DeviceIndex device_;
  int64_t before_ = 0;
};

}  // namespace

std::string DeviceWithModel(const std::string& device) {
  const at::Device where(device);
  const std::string kind = where.is_cuda() ? "cuda" : "cpu";
  const std::string model = where.is_cuda() ? CudaModel(where.index()) : ProcessorModel();
  return model.empty() ? kind : kind + " " + model;
}

double MeasureMatrixProduct(const std::string& device, Precision precision) {
  constexpr int64_t kSize = 2048;
  constexpr int kRepeat = 5;
  return WithTorchErrors("a matrix product", [&] {
    const c10::InferenceMode no_gradients;
    const at::Device where(device);
    const at::Tensor matrix = at::rand({kSize, kSize}, at::TensorOptions(where).dtype(ScalarTypeOf(precision)));
    at::Tensor product = at::mm(matrix, matrix);
    double best = 0;
    for (int i = 0; i < kRepeat; ++i) {
      WaitFor(where);
      const auto begin = std::chrono::steady_clock::now();
      at::mm_out(product, matrix, matrix);
      WaitFor(where);
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      best = std::max(best, 2.0 * kSize * kSize * kSize / seconds);
    }
    return best;
  });
}

std::unique_ptr<PeakMemory> PeakMemoryOf(const std::string& device) {
  const at::Device where(device);
  if (where.is_cuda()) return std::make_unique<CudaPeak>(where);
  return std::make_unique<ResidentPeak>();
}

}  // namespace tuckerseg
