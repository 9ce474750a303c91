#include "server/variants/level_log.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "server/observe/log.h"
#include "server/variants/level_slot.h"

namespace tuckerseg {
namespace {

void LogOf(const LevelSlot& slot, LogLevel level, const char* event, const char* field, nlohmann::json value) {
  nlohmann::json fields{{"task", slot.key.task}, {"variant", slot.key.level}, {"device", slot.device.name()}};
  fields[field] = std::move(value);
  Log(level, event, fields);
}

}  // namespace

void LogLoaded(const LevelSlot& slot, double seconds) { LogOf(slot, LogLevel::kInfo, "variant_loaded", "seconds", seconds); }

void LogUnloaded(const LevelSlot& slot, const char* why) { LogOf(slot, LogLevel::kInfo, "variant_unloaded", "why", why); }

void LogNotLoaded(const LevelSlot& slot, const std::string& reason) { LogOf(slot, LogLevel::kError, "variant_failed", "reason", reason); }

}  // namespace tuckerseg
