/// Counts the memory that requests hold, so that one that does not fit is refused before it allocates.
#pragma once

#include <cstdint>
#include <mutex>

namespace tuckerseg {

class MemoryBudget;

/// Memory that a request holds; given back at the end of its scope.
class MemoryReservation {
 public:
  MemoryReservation() = default;
  MemoryReservation(MemoryReservation&& other) noexcept;
  MemoryReservation& operator=(MemoryReservation&& other) noexcept;
  ~MemoryReservation();
  int64_t bytes() const { return bytes_; }
  /// Gives back all but `bytes`; nothing if it holds no more than that.
  void ShrinkTo(int64_t bytes);

 private:
  friend class MemoryBudget;
  MemoryReservation(MemoryBudget* budget, int64_t bytes) : budget_(budget), bytes_(bytes) {}
  MemoryBudget* budget_ = nullptr;
  int64_t bytes_ = 0;
};

/// Thread-safe. Must outlive its reservations.
class MemoryBudget {
 public:
  explicit MemoryBudget(int64_t limit_bytes) : limit_bytes_(limit_bytes) {}

  /// `what` begins the message; `held_bytes` are those that the same request holds already: it cannot wait for them.
  /// Errors: kResourceExhausted: without a time to try again if `bytes` and `held_bytes` pass the whole budget, with one if
  /// others hold it now.
  MemoryReservation Reserve(int64_t bytes, const char* what, int64_t held_bytes = 0);
  int64_t reserved_bytes() const;
  int64_t limit_bytes() const { return limit_bytes_; }

 private:
  friend class MemoryReservation;
  void Release(int64_t bytes);

  const int64_t limit_bytes_;
  mutable std::mutex mutex_;
  int64_t reserved_bytes_ = 0;
};

}  // namespace tuckerseg
