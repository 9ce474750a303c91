#include "server/policy/level_reason.h"

namespace tuckerseg {

const char* NameOf(LevelReason reason) {
  switch (reason) {
    case LevelReason::kAsked: return "asked";
    case LevelReason::kQuality: return "quality";
    case LevelReason::kOnly: return "only";
    case LevelReason::kDeadline: return "deadline";
    case LevelReason::kQueue: return "queue";
    case LevelReason::kMemory: return "memory";
  }
  return "unknown";
}

std::optional<LevelReason> FindLevelReason(const std::string& name) {
  for (const LevelReason reason :
       {LevelReason::kAsked, LevelReason::kQuality, LevelReason::kOnly, LevelReason::kDeadline, LevelReason::kQueue, LevelReason::kMemory}) {
    if (name == NameOf(reason)) return reason;
  }
  return {};
}

}  // namespace tuckerseg
