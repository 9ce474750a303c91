#include "compression/rank/architecture.h"

#include <utility>
#include <vector>

#include "engine/error.h"
#include "engine/model/unet_builder.h"

namespace tuckerseg {
namespace {

LayerGraph PlainUnet(std::vector<int64_t> features, int64_t out_channels) {
  const size_t stages = features.size();
  UnetPlan plan;
  plan.out_channels = out_channels;
  plan.features = std::move(features);
  plan.kernels.assign(stages, {3, 3, 3});
  plan.strides.assign(stages, {2, 2, 2});
  plan.strides.front() = {1, 1, 1};
  plan.encoder_convs.assign(stages, 2);
  plan.decoder_convs.assign(stages - 1, 2);
  return BuildUnet(plan);
}

}  // namespace

Network PaperNetwork(const std::string& name) {
  if (name == "1.5mm") return {PlainUnet({32, 64, 128, 256, 320, 320}, 25), {128, 128, 128}};
  if (name == "3mm") return {PlainUnet({32, 64, 128, 256, 320}, 118), {112, 112, 128}};
  throw Error(ErrorCode::kInvalidArgument, "architecture = " + name + ": must be 1.5mm or 3mm");
}

}  // namespace tuckerseg
