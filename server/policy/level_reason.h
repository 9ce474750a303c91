/// Why a level serves a request.
#pragma once

#include <optional>
#include <string>

namespace tuckerseg {

enum class LevelReason {
  kAsked,     ///< the client named it
  kQuality,   ///< the most accurate of all
  kOnly,      ///< there is no other
  kDeadline,  ///< a more accurate one would take too long, even on an idle device
  kQueue,     ///< a more accurate one would take too long behind what waits, for it, or for one that is to come again
  kMemory,    ///< a more accurate one has no memory
};

/// "asked", "quality", "only", "deadline", "queue", "memory": as metrics name it.
const char* NameOf(LevelReason reason);

/// The reason of that name, if there is one.
std::optional<LevelReason> FindLevelReason(const std::string& name);

}  // namespace tuckerseg
