/// Text -> model -> model.json -> model: the same model, and the same text from then on.
#include "engine/model/bundle.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tuckerseg;
  const auto model = UnlessRefused([&] { return ParseModel(Text(data, size)); });
  if (!model) return 0;
  const std::string encoded = EncodeModel(*model);
  const Model again = ParseModel(encoded);
  Promise(again == *model);
  Promise(EncodeModel(again) == encoded);
  for (const ModelPart& part : model->parts) {
    for (const TensorSpec& tensor : RequiredTensors(part.graph)) {
      for (const int64_t length : tensor.shape) Promise(length > 0);
    }
    const Size3 patch = part.graph.PatchDivisor();
    for (const int64_t divisor : patch) Promise(divisor > 0);
    Promise(FeatureShapes(part.graph, patch).back() == patch);  // what is summed per voxel
  }
  return 0;
}
