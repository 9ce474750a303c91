/// What Prometheus is told of the levels that a server has.
#pragma once

#include "server/observe/metrics.h"
#include "server/variants/model_store.h"

namespace tuckerseg {

/// Parameters, multiply-adds and quality of every level that is ready: once, as levels stay as they were loaded.
void SetVariantGauges(const ModelStore& models, Metrics& metrics);

}  // namespace tuckerseg
