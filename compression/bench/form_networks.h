/// A model's form as networks to measure.
#pragma once

#include <optional>

#include "compression/bench/patch_latency.h"
#include "compression/forms/model_form.h"

namespace tuckerseg {

/// A patch of each of the form's parts, the first fold's weights; without a head that a Segmenter runs on summed features (LinearHead),
/// once a voxel instead of once a patch. `patch`: instead of the parts' own.
/// Errors: kInvalidArgument for a patch that does not fit a part's graph.
VariantNetworks NetworksOf(const ModelForm& form, const std::optional<Size3>& patch);

}  // namespace tuckerseg
