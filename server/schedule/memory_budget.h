/// Counts the memory that requests hold and that weights of loaded levels take, so that what does not fit is refused before it allocates.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

namespace tuckerseg {

class MemoryBudget;

/// What memory is taken for.
enum class MemoryUse {
  kRequest,  ///< by a request, until it ends
  kWeights,  ///< by a level that is loaded, until it is unloaded
};

/// Memory that is held; given back at the end of its scope.
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
  MemoryReservation(MemoryBudget* budget, int64_t bytes, MemoryUse use) : budget_(budget), bytes_(bytes), use_(use) {}
  MemoryBudget* budget_ = nullptr;
  int64_t bytes_ = 0;
  MemoryUse use_ = MemoryUse::kRequest;
};

/// Thread-safe. Must outlive its reservations.
class MemoryBudget {
 public:
  explicit MemoryBudget(int64_t limit_bytes) : limit_bytes_(limit_bytes) {}

  /// From now on `make_room` is called where something does not fit, by whoever wants it and without a lock of this budget: it gives back weights of some
  /// level that could go, and returns whether it did. Not called where too little would be free even without any that could go. Empty: nothing can go. The others are called where something
  /// does not fit, in the same way: `lasting_bytes`: of weights that stay whatever becomes of requests; empty: none. `going_bytes`: of weights that could go as things are; empty: all but the lasting ones.
  void MakeRoomWith(std::function<bool()> make_room, std::function<int64_t()> lasting_bytes = {}, std::function<int64_t()> going_bytes = {});

  /// `what` begins the message; `held_bytes` are those that the same request holds already: it cannot wait for them.
  /// Errors: kResourceExhausted: without a time to try again if `bytes` and `held_bytes` pass the whole budget without weights that stay, with one if
  /// others hold it now. Its byte_limit() is `bytes` and what the budget has beside `held_bytes` and those weights.
  MemoryReservation Reserve(int64_t bytes, const char* what, int64_t held_bytes = 0, MemoryUse use = MemoryUse::kRequest);
  /// Nothing where it does not fit as things are: no room is made for it.
  std::optional<MemoryReservation> TryReserve(int64_t bytes, MemoryUse use);

  int64_t reserved_bytes() const;  ///< by requests
  int64_t weight_bytes() const;
  int64_t limit_bytes() const { return limit_bytes_; }

 private:
  friend class MemoryReservation;
  void Release(int64_t bytes, MemoryUse use);
  std::pair<int64_t, int64_t> Held() const;  // bytes of requests, and of weights
  // With the mutex:
  int64_t& CountOf(MemoryUse use) { return use == MemoryUse::kRequest ? reserved_bytes_ : weight_bytes_; }
  bool Fits(int64_t bytes) const;

  const int64_t limit_bytes_;
  mutable std::mutex mutex_;
  int64_t reserved_bytes_ = 0;
  int64_t weight_bytes_ = 0;
  std::function<bool()> make_room_;
  std::function<int64_t()> lasting_bytes_;
  std::function<int64_t()> going_bytes_;
};

}  // namespace tuckerseg
