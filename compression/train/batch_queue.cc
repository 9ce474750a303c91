#include "compression/train/batch_queue.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "compression/train/patch_cut.h"

namespace tuckerseg {

Batch MakeBatch(const std::vector<TrainingCase>& cases, const BatchOptions& options, int64_t step) {
  const Size3& patch = options.patch;
  const auto voxels = static_cast<size_t>(patch[0] * patch[1] * patch[2]);
  Batch batch;
  batch.image = at::empty({options.samples, 1, patch[0], patch[1], patch[2]}, at::kFloat);
  batch.labels = at::empty({options.samples, patch[0], patch[1], patch[2]}, at::kLong);
  for (int64_t sample = 0; sample < options.samples; ++sample) {
    RandomStream random({options.seed, static_cast<uint64_t>(step), static_cast<uint64_t>(sample)});
    const bool foreground = IsForegroundSample(sample, options.samples, options.foreground_share, random);
    const PatchChoice choice = ChoosePatch(cases, patch, foreground, options.augmentation, random);
    const std::span<float> image{batch.image.mutable_data_ptr<float>() + static_cast<size_t>(sample) * voxels, voxels};
    const std::span<int64_t> labels{batch.labels.mutable_data_ptr<int64_t>() + static_cast<size_t>(sample) * voxels, voxels};
    CutPatch(cases[choice.place], choice.pose, patch, image, labels);
    AugmentIntensities(options.augmentation, random, image, patch);
  }
  return batch;
}

BatchQueue::BatchQueue(const std::vector<TrainingCase>& cases, BatchOptions options, int64_t first_step, int threads, int64_t ahead)
    : cases_(cases), options_(std::move(options)), ahead_(std::max<int64_t>(ahead, 1)), next_made_(first_step), next_taken_(first_step) {
  for (int i = 0; i < std::max(threads, 1); ++i) threads_.emplace_back([this] { Work(); });
}

BatchQueue::~BatchQueue() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
}

Batch BatchQueue::Take() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return failure_ || ready_.contains(next_taken_); });
  if (failure_) std::rethrow_exception(failure_);
  Batch batch = std::move(ready_.at(next_taken_));
  ready_.erase(next_taken_++);
  changed_.notify_all();
  return batch;
}

void BatchQueue::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || next_made_ < next_taken_ + ahead_; });
    if (stopping_) return;
    const int64_t step = next_made_++;
    lock.unlock();
    try {
      Batch batch = MakeBatch(cases_, options_, step);
      lock.lock();
      ready_.emplace(step, std::move(batch));
    } catch (...) {
      lock.lock();
      failure_ = std::current_exception();
    }
    changed_.notify_all();
  }
}

}  // namespace tuckerseg
