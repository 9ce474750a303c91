/// Memory for buffers of many megabytes: fewer and larger pages, so that touching them first costs little.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <utility>
#include <vector>

namespace tuckerseg {

constexpr size_t kHugePage = size_t{2} << 20;

/// From 2 MiB on aligned to that, and the system is asked for pages of that size. Where it has none, ordinary ones do. Room that nobody has
/// written to yet takes no memory.
template <typename T>
class HugePageAllocator {
 public:
  using value_type = T;
  static constexpr size_t kCacheLine = 64;

  HugePageAllocator() = default;
  template <typename U>
  HugePageAllocator(const HugePageAllocator<U>&) {}

  /// What `count` elements take: whole pages, or less than one.
  static constexpr size_t Bytes(size_t count) {
    const size_t unit = count * sizeof(T) < kHugePage ? kCacheLine : kHugePage;
    return (count * sizeof(T) + unit - 1) / unit * unit;
  }

  T* allocate(size_t count) {
    const size_t bytes = Bytes(count);
    void* const memory = std::aligned_alloc(bytes < kHugePage ? kCacheLine : kHugePage, std::max(bytes, kCacheLine));
    if (memory == nullptr) throw std::bad_alloc();
    if (bytes >= kHugePage) madvise(memory, bytes, MADV_HUGEPAGE);  // advice: what it answers changes nothing
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, size_t) { std::free(memory); }

  bool operator==(const HugePageAllocator&) const { return true; }
};

/// Leaves numbers as they are found: whoever first writes them, on however many threads, touches the pages.
template <typename T>
class UninitializedHugePageAllocator : public HugePageAllocator<T> {
 public:
  UninitializedHugePageAllocator() = default;
  template <typename U>
  UninitializedHugePageAllocator(const UninitializedHugePageAllocator<U>&) {}

  template <typename U, typename... Arguments>
  void construct(U* place, Arguments&&... arguments) {
    if constexpr (sizeof...(Arguments) == 0) {
      ::new (static_cast<void*>(place)) U;
    } else {
      ::new (static_cast<void*>(place)) U(std::forward<Arguments>(arguments)...);
    }
  }
};

/// Not zeroed by its constructor.
template <typename T>
using HugeVector = std::vector<T, UninitializedHugePageAllocator<T>>;

}  // namespace tuckerseg
