#include "tests/fault/large_allocations.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<int> g_left{0};  // until the allocation that is meant; 0: none is
std::atomic<size_t> g_least{0};
std::atomic<tuckerseg::Hold*> g_hold{nullptr};
std::atomic<bool> g_come{false};
thread_local bool t_passes = false;
thread_local int t_left = 0;  // as g_left, of this thread's

/// False for the allocation that has to fail.
bool IsGranted(size_t bytes) {
  if (t_left > 0 && --t_left == 0) {
    g_come = true;
    return false;
  }
  if (g_left <= 0 || bytes < g_least || t_passes) return true;
  if (g_left.fetch_sub(1) != 1) return true;
  g_come = true;
  tuckerseg::Hold* const hold = g_hold;
  if (hold == nullptr) return false;
  hold->Wait();
  return true;
}

void* Allocate(size_t bytes) { return IsGranted(bytes) ? std::malloc(std::max<size_t>(bytes, 1)) : nullptr; }

void* AllocateAligned(size_t alignment, size_t bytes) {
  void* memory = nullptr;
  if (!IsGranted(bytes) || posix_memalign(&memory, std::max(alignment, sizeof(void*)), std::max<size_t>(bytes, 1)) != 0) return nullptr;
  return memory;
}

void* OrThrow(void* memory) {
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

// All forms: the sanitizers' own do not call one another.
void* operator new(size_t bytes) { return OrThrow(Allocate(bytes)); }
void* operator new[](size_t bytes) { return OrThrow(Allocate(bytes)); }
void* operator new(size_t bytes, const std::nothrow_t&) noexcept { return Allocate(bytes); }
void* operator new[](size_t bytes, const std::nothrow_t&) noexcept { return Allocate(bytes); }
void* operator new(size_t bytes, std::align_val_t alignment) { return OrThrow(AllocateAligned(static_cast<size_t>(alignment), bytes)); }
void* operator new[](size_t bytes, std::align_val_t alignment) { return OrThrow(AllocateAligned(static_cast<size_t>(alignment), bytes)); }
void* operator new(size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept { return AllocateAligned(static_cast<size_t>(alignment), bytes); }
void* operator new[](size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept { return AllocateAligned(static_cast<size_t>(alignment), bytes); }

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t, const std::nothrow_t&) noexcept { std::free(memory); }

// What volumes and the sums of patches lie in (engine/huge_pages.h).
extern "C" void* aligned_alloc(size_t alignment, size_t bytes) noexcept { return AllocateAligned(alignment, bytes); }

namespace tuckerseg {

void LargeAllocations::PassThisThread() { t_passes = true; }

void LargeAllocations::Fail(int number, size_t bytes) {
  Disarm();
  g_least = bytes;
  g_left = number;  // last: from here on it counts
}

void LargeAllocations::FailHere(int number) {
  Disarm();
  t_left = number;
}

void LargeAllocations::HoldNext(size_t bytes, Hold& hold) {
  Disarm();
  g_least = bytes;
  g_hold = &hold;
  g_left = 1;
}

bool LargeAllocations::Disarm() {
  g_left = 0;
  t_left = 0;
  g_hold = nullptr;
  return g_come.exchange(false);
}

}  // namespace tuckerseg
