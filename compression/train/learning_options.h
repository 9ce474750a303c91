/// What training from nothing and tuning have in common: steps, optimizer, patches, device.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compression/train/augmentation.h"
#include "engine/model/json_text.h"

namespace tuckerseg {

/// The defaults are nnU-Net's where nnU-Net has one.
struct LearningOptions {
  std::string device = "cpu";                 ///< or several, "cuda:0,cuda:1": each takes its share of a batch
  int threads = 2;
  bool bfloat16 = false;
  bool recompute_activations = false;         ///< gradient checkpointing: less memory, a third more time
  bool adamw = false;
  bool cosine = false;
  double learning_rate = 0.01;
  double weight_decay = 3e-5;
  double momentum = 0.99;
  double clip_norm = 12;
  double average_decay = 0.999;
  int64_t batch = 2;
  int64_t epochs = 1000;
  int64_t steps_per_epoch = 250;
  double minutes = 0;                         ///< above 0: as many steps as fit, instead of `epochs`; fixed before the first
  int64_t checkpoint_steps = 50;
  double foreground_share = 0.33;
  AugmentationOptions augmentation;
  uint64_t seed = 0;
  int64_t validate_every = 1;                 ///< epochs
  int64_t max_memory_bytes = int64_t{4} << 30;
  int loader_threads = 1;
};

/// `device` taken apart at its commas.
std::vector<std::string> DevicesOf(const std::string& device);

/// Errors: kInvalidArgument that names the option, its value and its range.
void CheckLearningOptions(const LearningOptions& options);
void CheckAtLeast(const std::string& option, int64_t value, int64_t least);
/// Also refuses what is not a number.
void CheckRange(const std::string& option, double value, double low, double high);

/// Those of them that decide a curve, by option names. Threads, device and how often it is scored or saved are not in it: they change
/// the last bits alone, and moving a training is more useful than refusing it.
Json LearningSettings(const LearningOptions& options);

}  // namespace tuckerseg
