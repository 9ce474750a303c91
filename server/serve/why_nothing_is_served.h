/// The rule of readiness: whether any model can be served.
#pragma once

#include <string>

#include "server/serve/stall_watch.h"
#include "server/variants/catalogue.h"

namespace tuckerseg {

/// Why no model can be served on any device as things are, for people; empty: one can. Whether the server takes calls is another question (ServiceParts::WantsCalls).
std::string WhyNothingIsServed(const Catalogue& catalogue, const StallWatch& stalls);

}  // namespace tuckerseg
