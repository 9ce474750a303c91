/// What cards say of the time that a patch takes on a device of this server.
#pragma once

#include <optional>
#include <string>

#include "engine/execute/precision.h"
#include "engine/model/card.h"
#include "engine/model/model.h"

namespace tuckerseg {

/// Where a patch is to run, and what is known of the original there.
struct CardTimeSetting {
  std::string device;  ///< what it is: `cpu` or `cuda:N`
  int threads = 0;     ///< of the CPU
  Precision precision = Precision::kFloat32;
  std::optional<double> original_s;  ///< seconds that a patch of the original takes there
};

/// Seconds that a patch of the level with `card` takes, all its flips counted, the mean over the model's parts. Cards compare levels better than machines: where
/// the original's card was measured as this one was, in proportion to what the original takes here; else as the card says. Nothing where it says nothing of a
/// device of this kind in this precision on the model's patches. Of several times that with as many threads, or else the longest: rather refused than late.
/// `original`: null where it has no card.
std::optional<double> PatchSecondsByCard(const Model& model, const Card& card, const Card* original, const CardTimeSetting& setting);

}  // namespace tuckerseg
