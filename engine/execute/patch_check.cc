#include "engine/execute/patch_check.h"

#include "engine/error.h"

namespace tuckerseg {

void CheckPatchShape(const LayerGraph& graph, const Size3& shape, const std::string& before, const std::string& behind) {
  const Size3 divisor = graph.PatchDivisor();
  for (size_t a = 0; a < 3; ++a) {
    if (shape[a] > 0 && shape[a] % divisor[a] == 0) continue;
    throw Error(ErrorCode::kInvalidArgument,
                before + std::to_string(a) + behind + " = " + std::to_string(shape[a]) + ": must be a positive multiple of " + std::to_string(divisor[a]));
  }
}

void CheckPatch(const LayerGraph& graph, std::span<const float> patch, const Size3& shape) {
  CheckPatchShape(graph, shape, "patch axis ");
  const int64_t count = graph.InChannels() * shape[0] * shape[1] * shape[2];
  if (static_cast<int64_t>(patch.size()) != count) {
    throw Error(ErrorCode::kInvalidArgument, "patch of " + std::to_string(patch.size()) + " values: must have " + std::to_string(count));
  }
}

}  // namespace tuckerseg
