#include "server/variants/warm_up.h"

#include <exception>
#include <nlohmann/json.hpp>

#include "server/observe/log.h"

namespace tuckerseg {

void WarmUp(const ModelStore& models, size_t device, ServiceTimes& times) {
  for (const auto& [task, model] : models.models()) {
    for (const ServedLevel& level : model.levels) {
      if (!level.ready()) continue;
      try {
        times.Expect({task, level.name}, level.segmenters.at(device)->TimePatch());
      } catch (const std::exception& error) {
        Log(LogLevel::kError, "warm_up_failed", {{"task", task}, {"variant", level.name}, {"reason", error.what()}});
      }
    }
  }
}

}  // namespace tuckerseg
