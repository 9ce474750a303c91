/// Memory for buffers of many megabytes: fewer and larger pages, so that touching them first costs little.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <new>
#include <utility>
#include <vector>

namespace tuckerseg {

/// Aligned to 2 MiB, and the system is asked for pages of that size. Where it has none, ordinary ones do. Numbers are left as they are
/// found: whoever first writes them, on however many threads, touches the pages.
template <typename T>
class HugePageAllocator {
 public:
  using value_type = T;

  HugePageAllocator() = default;
  template <typename U>
  HugePageAllocator(const HugePageAllocator<U>&) {}

  T* allocate(size_t count) {
    const size_t bytes = (count * sizeof(T) + kPage - 1) / kPage * kPage;
    void* const memory = std::aligned_alloc(kPage, bytes);
    if (memory == nullptr) throw std::bad_alloc();
    madvise(memory, bytes, MADV_HUGEPAGE);  // advice: what it answers changes nothing
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, size_t) { std::free(memory); }

  template <typename U, typename... Arguments>
  void construct(U* place, Arguments&&... arguments) {
    if constexpr (sizeof...(Arguments) == 0) {
      ::new (static_cast<void*>(place)) U;
    } else {
      ::new (static_cast<void*>(place)) U(std::forward<Arguments>(arguments)...);
    }
  }

  bool operator==(const HugePageAllocator&) const { return true; }

 private:
  static constexpr size_t kPage = size_t{2} << 20;
};

/// Not zeroed by its constructor.
template <typename T>
using HugeVector = std::vector<T, HugePageAllocator<T>>;

}  // namespace tuckerseg
