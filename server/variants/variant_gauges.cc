#include "server/variants/variant_gauges.h"

#include <optional>

namespace tuckerseg {

void SetVariantGauges(const ModelStore& models, const std::vector<std::string>& devices, Metrics& metrics) {
  for (const auto& [task, model] : models.models())
    for (const ServedLevel& level : model.levels) {
      for (const std::string& device : devices) metrics.SetVariantLoaded(model.model().name, level.name, device, level.ready());
      if (!level.ready()) continue;
      for (size_t i = 0; i < devices.size(); ++i) metrics.ObserveVariantLoad(model.model().name, level.name, devices[i], level.load_s.at(i));
      const std::optional<double> quality = level.card ? level.card->Quality() : std::nullopt;
      metrics.SetVariant(model.model().name, level.name, static_cast<double>(level.parameters), static_cast<double>(level.multiply_adds), quality);
    }
}

}  // namespace tuckerseg
