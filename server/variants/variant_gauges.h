/// What Prometheus is told of the levels that a server has.
#pragma once

#include <string>
#include <vector>

#include "server/observe/metrics.h"
#include "server/variants/model_store.h"

namespace tuckerseg {

/// Whether each level could be loaded onto each of `devices`; of those that are ready how long that took, parameters, multiply-adds and quality. Once, as
/// levels stay as they were loaded.
void SetVariantGauges(const ModelStore& models, const std::vector<std::string>& devices, Metrics& metrics);

}  // namespace tuckerseg
