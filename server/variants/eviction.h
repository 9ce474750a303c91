/// Which loaded level goes where memory is needed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace tuckerseg {

struct LevelUse {
  bool held = false;    ///< by a request that has been admitted, or by whoever loads it
  bool pinned = false;  ///< loaded by name
  int64_t used = 0;     ///< when a request was last admitted to it; later ones are larger
  bool loaded = true;   ///< its weights are there; else their memory alone was set aside, by a request that has ended before it had them loaded
};

/// The place of one that is not loaded, else of the one that was used least recently, of those that may go; none: all must stay.
std::optional<size_t> FirstToGo(std::span<const LevelUse> levels);

}  // namespace tuckerseg
