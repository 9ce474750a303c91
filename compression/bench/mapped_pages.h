/// Brings mapped weights into memory before it is measured.
#pragma once

#include "engine/model/weight_store.h"

namespace tuckerseg {

/// Reads a byte of each page of the weights. Those of the original lie in a mapped file, those of a cut level do not: read before memory is
/// measured, mapped pages count for neither.
void ReadPages(const WeightStore& weights);

}  // namespace tuckerseg
