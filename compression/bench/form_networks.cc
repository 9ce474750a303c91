#include "compression/bench/form_networks.h"

#include "engine/execute/patch_check.h"
#include "engine/segment/linear_head.h"

namespace tuckerseg {

VariantNetworks NetworksOf(const ModelForm& form, const std::optional<Size3>& patch) {
  VariantNetworks networks{form.name, {}};
  for (size_t i = 0; i < form.bundle.model.parts.size(); ++i) {
    const ModelPart& part = form.bundle.model.parts[i];
    const Size3 used = patch.value_or(part.patch_size);
    CheckPatchShape(part.graph, used, "patch[", "]");
    networks.networks.push_back({LinearHead::Pays(part) ? LinearHead::TrunkOf(part.graph) : part.graph, form.bundle.weights[i],
                                 "fold_" + part.folds.front() + ".", used});
  }
  return networks;
}

}  // namespace tuckerseg
