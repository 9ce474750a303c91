#include "compression/cli/layer_seconds.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "compression/bench/torch/torch_layer_timer.h"
#include "compression/rank/layer_time.h"
#include "engine/error.h"
#include "engine/execute/slow_precision.h"

namespace tuckerseg {
namespace {

class KeptLayerTimes {
 public:
  KeptLayerTimes(std::filesystem::path file, TorchLayerTimer timer) : file_(std::move(file)), timer_(std::move(timer)), table_(ReadLayerTimes(file_)) {}

  ~KeptLayerTimes() {
    try {
      WriteLayerTimes(table_, file_);
    } catch (const Error&) {
    }
  }
  KeptLayerTimes(const KeptLayerTimes&) = delete;
  KeptLayerTimes& operator=(const KeptLayerTimes&) = delete;

  double Of(const Layer& layer, const Size3& input_shape) { return LayerTime(layer, input_shape, timer_.setting(), table_, timer_); }

 private:
  std::filesystem::path file_;
  TorchLayerTimer timer_;
  LayerTimeTable table_;
};

}  // namespace

LayerCost MeasuredLayerSeconds(const LatencyArguments& latency, int threads) {
  const std::optional<Precision> precision = PrecisionNamed(latency.precision);
  if (!precision) throw Error(ErrorCode::kInvalidArgument, "--precision = " + latency.precision + ": must be fp32, bf16 or fp16");
  RefuseSlowPrecision("--precision", latency.device, latency.precision);
  const auto times = std::make_shared<KeptLayerTimes>(latency.layer_times, TorchLayerTimer(latency.device, threads, *precision));
  return [times](const Layer& layer, const Size3& input_shape) { return times->Of(layer, input_shape); };
}

}  // namespace tuckerseg
