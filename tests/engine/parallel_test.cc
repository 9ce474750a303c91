#include "engine/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <stop_token>
#include <vector>

#include "tests/engine/volume/expect_error.h"

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

TEST(ParallelFor, ComesInPiecesWhereItMayBeStopped) {
  const std::stop_source source;
  for (const int threads : {1, 3}) {
    std::vector<std::atomic<int>> visits(1000);
    std::atomic<int> pieces = 0;
    ParallelFor({threads, source.get_token()}, 1000, [&](int64_t begin, int64_t end) {
      ++pieces;
      for (int64_t i = begin; i < end; ++i) ++visits[static_cast<size_t>(i)];
    });
    EXPECT_GE(pieces, 100);
    for (const auto& count : visits) EXPECT_EQ(count, 1);
  }
}

TEST(ParallelFor, EndsAfterThePiecesThatHaveBegunOnceItIsStopped) {
  for (const int threads : {1, 4}) {
    std::stop_source source;
    std::atomic<int> pieces = 0;
    ExpectError(ErrorCode::kCancelled, "cancelled", [&] {
      ParallelFor({threads, source.get_token()}, 1000, [&](int64_t, int64_t) {
        ++pieces;
        source.request_stop();
      });
    });
    EXPECT_LE(pieces, threads);
  }
}

TEST(ParallelFor, DoesNotBeginWhatIsStoppedAlready) {
  std::stop_source source;
  source.request_stop();
  ExpectError(ErrorCode::kCancelled, "cancelled", [&] { ParallelFor({2, source.get_token()}, 10, [](int64_t, int64_t) { FAIL(); }); });
}

}  // namespace
}  // namespace tuckerseg
