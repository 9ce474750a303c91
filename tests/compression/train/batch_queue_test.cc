#include "compression/train/batch_queue.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/compression/train/training_samples.h"

namespace tuckerseg {
namespace {

TEST(BatchQueue, GivesTheBatchesOfTheStepsInOrderWithAnyNumberOfThreads) {
  const std::vector<TrainingCase> cases = TwoCases();
  BatchOptions options;
  options.patch = {8, 8, 8};
  options.seed = 4;
  BatchQueue one(cases, options, 5, 1, 2);
  BatchQueue three(cases, options, 5, 3, 4);
  for (int64_t step = 5; step < 15; ++step) {
    const Batch expected = MakeBatch(cases, options, step);
    for (BatchQueue* queue : {&one, &three}) {
      const Batch batch = queue->Take();
      EXPECT_TRUE(at::equal(batch.image, expected.image)) << step;
      EXPECT_TRUE(at::equal(batch.labels, expected.labels)) << step;
    }
  }
}

TEST(BatchQueue, EndsWhileItsThreadsWorkAhead) {
  const std::vector<TrainingCase> cases = TwoCases();
  BatchOptions options;
  options.patch = {8, 8, 8};
  const BatchQueue queue(cases, options, 0, 2, 100);
}

TEST(BatchQueue, ThrowsWhatAThreadThrew) {
  const std::vector<TrainingCase> none;
  BatchOptions options;
  options.patch = {-1, 8, 8};  // no tensor has that shape
  BatchQueue queue(none, options, 0, 1, 1);
  EXPECT_ANY_THROW(queue.Take());
}

}  // namespace
}  // namespace tuckerseg
