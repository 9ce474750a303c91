/// Where a training stands, on disk: enough to go on as if nothing had happened.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>

#include "engine/model/json_text.h"
#include "engine/model/weight_store.h"

namespace tuckerseg {

struct TrainingCheckpoint {
  int64_t step = 0;      ///< steps done
  Json settings;         ///< an object; whatever must be the same for the curve to be the same
  Json progress;         ///< an object; what the training has found out so far, besides its tensors
  WeightStore tensors;   ///< Trainer::State()
};

/// Writes the checkpoint into `directory`, which is made: checkpoint-STEP.safetensors, then checkpoint.json, which names it with its
/// SHA-256. Both are written beside, flushed to the disk and renamed, so that a kill at any moment leaves this or the last one.
/// Errors: kInternal if it cannot be written.
void SaveCheckpoint(const TrainingCheckpoint& checkpoint, const std::filesystem::path& directory);

/// The last checkpoint, or nothing where there is none. Errors: kDataLoss if it is damaged or no checkpoint of ours.
std::optional<TrainingCheckpoint> LoadCheckpoint(const std::filesystem::path& directory);

/// Errors: kFailedPrecondition that names the first setting in which the checkpoint differs from `settings`, with both values.
void CheckSameSettings(const Json& checkpoint, const Json& settings);

/// Errors: kInternal.
void MakeTrainingDirectory(const std::filesystem::path& directory);

/// Writes a file beside `path`, flushes it to the disk and renames it. Errors: kInternal.
void WriteDurably(const std::filesystem::path& path, std::span<const std::byte> bytes);

}  // namespace tuckerseg
