/// What Prometheus is told of the levels that a server has.
#pragma once

#include <string>

#include "server/observe/metrics.h"
#include "server/variants/model_store.h"

namespace tuckerseg {

/// Whether each level could be loaded onto `device`; of those that are ready how long that took, parameters, multiply-adds and quality. Once, as
/// levels stay as they were loaded.
void SetVariantGauges(const ModelStore& models, const std::string& device, Metrics& metrics);

}  // namespace tuckerseg
