/// Whether a server takes calls that need a model, from its start to its end.
#pragma once

#include "server/serve/service_parts.h"

namespace tuckerseg {

/// Errors: kUnavailable while the server starts, with a time to try again, and once it stops.
void ThrowUnlessCallsAreTaken(const ServiceParts& parts);

}  // namespace tuckerseg
