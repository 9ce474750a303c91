#include "server/schedule/idle_heap.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <limits>
#include <memory>
#include <thread>
#include <vector>

#include "server/observe/resident_memory.h"

namespace tuckerseg {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

/// Counts how often memory was given back.
class IdleHeapTest : public testing::Test {
 protected:
  void Make(milliseconds idle) {
    heap_ = std::make_unique<IdleHeap>(idle, [this] {
      ++given_back_;
      given_back_.notify_all();
    });
  }
  /// Returns at the `times`th time; a test that hangs here has failed.
  void AwaitGivenBack(int times) const {
    for (int given = given_back_; given < times; given = given_back_) given_back_.wait(given);
  }

  std::atomic<int> given_back_ = 0;
  std::unique_ptr<IdleHeap> heap_;  // last: its thread counts
};

TEST_F(IdleHeapTest, GivesBackOnceAfterEachTimeOfUse) {
  Make(milliseconds(1));
  for (int times = 1; times <= 3; ++times) {
    { const IdleHeap::Use use(*heap_); }
    AwaitGivenBack(times);
  }
  std::this_thread::sleep_for(milliseconds(20));
  EXPECT_EQ(given_back_, 3) << "idle all the time: there is nothing new to give";
}

TEST_F(IdleHeapTest, KeepsAllAsLongAsAnyUseLasts) {
  Make(milliseconds(1));
  auto first = std::make_unique<IdleHeap::Use>(*heap_);
  { const IdleHeap::Use second(*heap_); }
  std::this_thread::sleep_for(milliseconds(20));
  EXPECT_EQ(given_back_, 0);
  first.reset();
  AwaitGivenBack(1);
}

TEST_F(IdleHeapTest, KeepsAllWhileOneUseFollowsAnotherBeforeTheTimeIsUp) {
  Make(hours(1));
  for (int i = 0; i < 100; ++i) const IdleHeap::Use use(*heap_);
  EXPECT_EQ(given_back_, 0);
}

TEST_F(IdleHeapTest, EndsAtOnceWhereverItIs) {
  Make(hours(1));
  heap_.reset();  // never used
  Make(hours(1));
  { const IdleHeap::Use use(*heap_); }
  heap_.reset();  // waiting for the hour to pass
  EXPECT_EQ(given_back_, 0);
}

#ifndef __SANITIZE_ADDRESS__  // has a heap of its own
TEST(IdleHeap, GivesMallocsFreeMemoryBackToTheSystem) {
  // As the server's main does: all memory comes from the heap, and the heap gives none back by itself.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  constexpr int64_t kBytes = int64_t{64} << 20;
  auto block = std::make_unique<std::vector<char>>(kBytes, 'x');
  const auto behind = std::make_unique<int>();  // the block is not at the heap's end
  block.reset();
  const int64_t held = ResidentBytes();
  IdleHeap heap(milliseconds(1));
  { const IdleHeap::Use use(heap); }
  for (int wait = 0; wait < 1000 && ResidentBytes() > held - kBytes / 2; ++wait) std::this_thread::sleep_for(milliseconds(10));
  EXPECT_LT(ResidentBytes(), held - kBytes / 2);
}
#endif

}  // namespace
}  // namespace tuckerseg
