#include "engine/execute/patch_check.h"

#include <string>

#include "engine/error.h"

namespace tuckerseg {

void CheckPatch(const LayerGraph& graph, std::span<const float> patch, const Size3& shape) {
  const Size3 divisor = graph.PatchDivisor();
  int64_t count = graph.InChannels();
  for (size_t a = 0; a < 3; ++a) {
    if (shape[a] <= 0 || shape[a] % divisor[a] != 0) {
      throw Error(ErrorCode::kInvalidArgument,
                  "patch axis " + std::to_string(a) + " = " + std::to_string(shape[a]) + ": must be a positive multiple of " + std::to_string(divisor[a]));
    }
    count *= shape[a];
  }
  if (static_cast<int64_t>(patch.size()) != count) {
    throw Error(ErrorCode::kInvalidArgument, "patch of " + std::to_string(patch.size()) + " values: must have " + std::to_string(count));
  }
}

}  // namespace tuckerseg
