/// Batches of patches, made ahead of the step by background threads.
#pragma once

#include <ATen/core/Tensor.h>

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "compression/train/training_set.h"

namespace tuckerseg {

struct Batch {
  at::Tensor image;   ///< [samples, 1, d0, d1, d2], float32, CPU
  at::Tensor labels;  ///< [samples, d0, d1, d2], int64, channels of the network
};

struct BatchOptions {
  Size3 patch{};
  int64_t samples = 2;
  double foreground_share = 0.33;
  AugmentationOptions augmentation;
  uint64_t seed = 0;
};

/// The batch of a step: depends on the cases, the options and `step` alone. Thread-safe.
Batch MakeBatch(const std::vector<TrainingCase>& cases, const BatchOptions& options, int64_t step);

/// Makes the batches of steps first, first + 1, ... in order, at most `ahead` before they are taken.
class BatchQueue {
 public:
  /// `cases` must outlive the queue. `threads` background threads, at least one.
  BatchQueue(const std::vector<TrainingCase>& cases, BatchOptions options, int64_t first_step, int threads, int64_t ahead);
  ~BatchQueue();
  BatchQueue(const BatchQueue&) = delete;
  BatchQueue& operator=(const BatchQueue&) = delete;

  /// The next step's batch; waits for it. What a background thread threw is thrown here.
  Batch Take();

 private:
  void Work();

  const std::vector<TrainingCase>& cases_;
  const BatchOptions options_;
  const int64_t ahead_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int64_t next_made_;
  int64_t next_taken_;
  bool stopping_ = false;
  std::exception_ptr failure_;
  std::map<int64_t, Batch> ready_;
  std::vector<std::jthread> threads_;  // last: they use what stands above
};

}  // namespace tuckerseg
