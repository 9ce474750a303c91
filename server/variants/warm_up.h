/// Makes levels ready for their first request.
#pragma once

#include "server/policy/service_times.h"
#include "server/variants/model_store.h"

namespace tuckerseg {

/// Runs a patch of every level that is ready on the device at this place, so that no request pays for what is set up once, and tells the device's `times` how
/// long one takes there. A level that cannot run a patch is logged (`warm_up_failed`) and keeps what is foretold of levels that nothing is known of. Takes
/// the levels' segmenters: before any request does.
void WarmUp(const ModelStore& models, size_t device, ServiceTimes& times);

}  // namespace tuckerseg
