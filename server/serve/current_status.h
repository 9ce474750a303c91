/// What the parts of a server say of themselves now.
#pragma once

#include "server/observe/server_status.h"
#include "server/serve/service_parts.h"

namespace tuckerseg {

/// Takes no lock that is held while work runs: a busy worker does not delay it. Thread-safe.
ServerStatus CurrentStatus(const ServiceParts& parts);

/// The devices' queues alone: what there is to tell before any model is known. Thread-safe.
ServerStatus QueuesNow(Devices& devices);

}  // namespace tuckerseg
