#include "server/schedule/idle_heap.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/freed_memory.h"
#include "engine/huge_pages.h"
#include "server/observe/resident_memory.h"

namespace tuckerseg {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

/// Counts how often memory was given back.
class IdleHeapTest : public testing::Test {
 protected:
  void Make(milliseconds idle, milliseconds longest_kept = hours(1)) {
    heap_ = std::make_unique<IdleHeap>(IdleHeapOptions{.idle = idle, .longest_kept = longest_kept, .most_kept_bytes = 1000, .free_bytes = [this] { return free_bytes_.load(); },
                                                       .give_back = [this] {
                                                         ++given_back_;
                                                         given_back_.notify_all();
                                                       }});
  }
  /// Returns at the `times`th time; a test that hangs here has failed.
  void AwaitGivenBack(int times) const {
    for (int given = given_back_; given < times; given = given_back_) given_back_.wait(given);
  }

  std::atomic<int> given_back_ = 0;
  std::atomic<int64_t> free_bytes_ = 0;
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

TEST_F(IdleHeapTest, KeepsAllAsLongAsAnyUseLastsWithinTheLongestTime) {
  Make(milliseconds(1));
  auto first = std::make_unique<IdleHeap::Use>(*heap_);
  { const IdleHeap::Use second(*heap_); }
  std::this_thread::sleep_for(milliseconds(20));
  EXPECT_EQ(given_back_, 0);
  first.reset();
  AwaitGivenBack(1);
}

TEST_F(IdleHeapTest, AUseThatBeginsBeforeTheTimeIsUpIsNotDisturbed) {
  Make(milliseconds(500));
  { const IdleHeap::Use first(*heap_); }
  auto second = std::make_unique<IdleHeap::Use>(*heap_);  // within the half second, unless this thread is kept from running that long
  const int given_back_between = given_back_;
  std::this_thread::sleep_for(milliseconds(700));
  EXPECT_EQ(given_back_, given_back_between);
  second.reset();
  AwaitGivenBack(given_back_between + 1);
}

TEST_F(IdleHeapTest, GivesBackNowAndThenThoughItIsNeverIdle) {
  Make(hours(1), milliseconds(1));
  const IdleHeap::Use lasting(*heap_);
  AwaitGivenBack(2);
}

TEST_F(IdleHeapTest, DoesNotWaitForIdlenessLongerThanItKeepsAnything) {
  Make(hours(1), milliseconds(1));
  { const IdleHeap::Use use(*heap_); }
  AwaitGivenBack(1);
  const int behind = given_back_;
  std::this_thread::sleep_for(milliseconds(20));
  EXPECT_LE(given_back_, behind + 2) << "one that was under way when the use ended, and the one behind it: then there is nothing new to give";
}

TEST_F(IdleHeapTest, GivesBackAtOnceWhereItIsTold) {
  Make(hours(1));
  const IdleHeap::Use lasting(*heap_);
  heap_->GiveBack();
  EXPECT_EQ(given_back_, 1);
}

TEST_F(IdleHeapTest, GivesBackAtOnceWhatIsTooMuchToKeep) {
  Make(hours(1));
  const IdleHeap::Use lasting(*heap_);
  free_bytes_ = 1000;
  { const IdleHeap::Use use(*heap_); }
  EXPECT_EQ(given_back_, 0);
  free_bytes_ = 1001;
  { const IdleHeap::Use use(*heap_); }
  EXPECT_EQ(given_back_, 1) << "though others go on";
}

TEST_F(IdleHeapTest, EndsAtOnceWhereverItIs) {
  Make(hours(1));
  heap_.reset();  // never used
  Make(hours(1));
  { const IdleHeap::Use use(*heap_); }
  heap_.reset();  // waiting for the hour to pass
  EXPECT_EQ(given_back_, 0);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(_GLIBCXX_TSAN)  // they have heaps of their own
TEST(IdleHeap, GivesMallocsFreeMemoryBackToTheSystem) {
  KeepFreedMemory();  // all memory comes from the heap, and the heap gives none back by itself
  constexpr int64_t kBytes = int64_t{64} << 20;
  for (const bool idle : {true, false}) {
    auto block = std::make_unique<std::vector<char>>(kBytes, 'x');
    const auto behind = std::make_unique<int>();  // the block is not at the heap's end
    const int64_t held = ResidentBytes();
    IdleHeap heap(idle ? IdleHeapOptions{.idle = milliseconds(1), .free_bytes = {}, .give_back = {}}
                       : IdleHeapOptions{.idle = hours(1), .most_kept_bytes = kBytes / 2, .free_bytes = {}, .give_back = {}});
    {
      const IdleHeap::Use use(heap);
      block.reset();
    }
    for (int wait = 0; wait < 1000 && ResidentBytes() > held - kBytes / 2; ++wait) std::this_thread::sleep_for(milliseconds(10));
    EXPECT_LT(ResidentBytes(), held - kBytes / 2) << (idle ? "when idle" : "when it is too much");
  }
}

/// Whether the system was asked for pages of 2 MiB where `memory` lies: VmFlags of proc(5)'s smaps.
bool IsForHugePages(const void* memory) {
  const auto place = reinterpret_cast<uintptr_t>(memory);
  std::ifstream maps("/proc/self/smaps");
  bool is_there = false;
  for (std::string line; std::getline(maps, line);) {
    uintptr_t begin = 0;
    uintptr_t end = 0;
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR " ", &begin, &end) == 2) is_there = begin <= place && place < end;
    if (is_there && line.starts_with("VmFlags:")) return line.find(" hg") != std::string::npos;
  }
  return false;
}

TEST(IdleHeap, LeavesNoHugePagesToWhatComesToLieWhereALargeBufferWas) {
  KeepFreedMemory();
  constexpr size_t kBytes = size_t{64} << 20;
  auto block = std::make_unique<HugeVector<char>>(kBytes);
  const auto behind = std::make_unique<int>();  // the block is not at the heap's end
  const void* const inside = block->data() + kBytes / 2;
  if (!IsForHugePages(inside)) GTEST_SKIP() << "this system has no pages of 2 MiB to ask for";
  block.reset();
  IdleHeap().GiveBack();
  EXPECT_FALSE(IsForHugePages(inside));
}
#endif

}  // namespace
}  // namespace tuckerseg
