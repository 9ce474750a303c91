/// Where a level stands on a device.
#pragma once

namespace tuckerseg {

enum class LevelState {
  kAvailable,  ///< on disk
  kLoading,
  kLoaded,     ///< ready to run
  kFailed,     ///< cannot be loaded
};

/// As pages and clients' tables call it.
constexpr const char* NameOf(LevelState state) {
  switch (state) {
    case LevelState::kAvailable: return "available";
    case LevelState::kLoading: return "loading";
    case LevelState::kLoaded: return "loaded";
    case LevelState::kFailed: return "failed";
  }
  return "unknown";
}

}  // namespace tuckerseg
