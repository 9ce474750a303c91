#include "engine/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace tuckerseg {
namespace {

TEST(ParallelFor, VisitsEveryIndexOnceWhateverTheNumberOfThreads) {
  for (const int threads : {1, 2, 3, 8, 100}) {
    std::vector<std::atomic<int>> visits(37);
    ParallelFor(threads, 37, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) ++visits[static_cast<size_t>(i)];
    });
    for (const auto& count : visits) EXPECT_EQ(count, 1) << threads << " threads";
  }
}

TEST(ParallelFor, DoesNothingForAnEmptyRange) {
  ParallelFor(4, 0, [](int64_t, int64_t) { FAIL() << "called for nothing"; });
}

TEST(ParallelFor, ThrowsInTheCallerWhatAPartThrew) {
  EXPECT_THROW(ParallelFor(4, 8,
                           [](int64_t begin, int64_t) {
                             if (begin >= 4) throw std::runtime_error("half of them");
                           }),
               std::runtime_error);
}

}  // namespace
}  // namespace tuckerseg
