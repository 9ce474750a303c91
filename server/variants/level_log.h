/// What the log says of a level on a device.
#pragma once

#include <string>

namespace tuckerseg {

struct LevelSlot;

void LogLoaded(const LevelSlot& slot, double seconds);
/// `why`: `memory` or `asked`.
void LogUnloaded(const LevelSlot& slot, const char* why);
void LogNotLoaded(const LevelSlot& slot, const std::string& reason);

}  // namespace tuckerseg
