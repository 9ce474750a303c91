/// plans.json, a line of three dashes, dataset.json -> plans -> layer graph -> a model.json that can be read
/// again, since an import that writes what a server cannot load has failed without a word.
#include <string>

#include "engine/model/bundle.h"
#include "engine/model/plans.h"
#include "engine/model/unet_builder.h"
#include "tests/fuzz/fuzz_input.h"

namespace tuckerseg {
namespace {

// 16 stages, each of 64 residual blocks and 64 convolutions of the decoder; a block has at most 10 layers.
constexpr size_t kMostPlannedLayers = size_t{16} * 64 * (10 + 3) + 100;

Model ModelOf(const NnunetPlans& plans, LayerGraph graph) {
  ModelPart part{.name = "network",
                 .graph = std::move(graph),
                 .folds = {"0"},
                 .patch_size = plans.patch_size,
                 .spacing_mm = plans.spacing_mm,
                 .transpose_forward = plans.transpose_forward,
                 .reader = plans.reader,
                 .normalization = plans.normalization,
                 .data_resampling = plans.data_resampling,
                 .logits_resampling = plans.logits_resampling,
                 .mirror_axes = {},
                 .regions = plans.regions,
                 .channel_labels = std::vector<int64_t>(static_cast<size_t>(plans.unet.out_channels), 0)};
  Model model;
  model.name = model.task = "fuzz";
  model.parts.push_back(std::move(part));
  return model;
}

}  // namespace
}  // namespace tuckerseg

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tuckerseg;
  const std::string text = Text(data, size);
  const std::string separator = "\n---\n";
  const size_t middle = text.find(separator);
  if (middle == std::string::npos) return 0;
  const std::string dataset = text.substr(middle + separator.size());
  const auto plans = UnlessRefused([&] { return ParsePlans(text.substr(0, middle), dataset, "3d_fullres"); });
  if (!plans) return 0;
  auto graph = UnlessRefused([&] { return BuildUnet(plans->unet); });
  if (!graph) return 0;
  Promise(graph->layers.size() <= kMostPlannedLayers);
  Promise(graph->InChannels() == plans->unet.in_channels && graph->OutChannels() == plans->unet.out_channels);
  const Model model = ModelOf(*plans, std::move(*graph));
  Promise(ParseModel(EncodeModel(model)) == model);
  return 0;
}
