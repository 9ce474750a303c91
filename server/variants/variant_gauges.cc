#include "server/variants/variant_gauges.h"

#include <optional>

namespace tuckerseg {

void SetVariantGauges(const ModelStore& models, const std::string& device, Metrics& metrics) {
  for (const auto& [task, model] : models.models())
    for (const ServedLevel& level : model.levels) {
      metrics.SetVariantLoaded(model.model().name, level.name, device, level.ready());
      if (!level.ready()) continue;
      metrics.ObserveVariantLoad(model.model().name, level.name, device, level.load_s);
      const std::optional<double> quality = level.card ? level.card->Quality() : std::nullopt;
      metrics.SetVariant(model.model().name, level.name, static_cast<double>(level.parameters), static_cast<double>(level.multiply_adds), quality);
    }
}

}  // namespace tuckerseg
