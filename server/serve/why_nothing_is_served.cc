#include "server/serve/why_nothing_is_served.h"

namespace tuckerseg {

std::string WhyNothingIsServed(const Catalogue& catalogue, const StallWatch& stalls) {
  const auto view = catalogue.View();
  if (!view->CanServe()) return "no models: none that lies under `models` can be served";
  if (stalls.AdmissionIsStuck()) return "stuck: the admission of a request stands still, which all others wait for";
  if (!view->CanServe(stalls.StuckDevices())) return "stuck: a request stands still on every device that could serve";
  return "";
}

}  // namespace tuckerseg
