#include "server/schedule/memory_budget.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "engine/error.h"

namespace tuckerseg {
namespace {

[[noreturn]] void Refuse(const char* what, int64_t bytes, int64_t available, int64_t others) {
  // Negative: a sum of sizes that passed what 64 bits hold.
  const ByteLimit limit{.needed_bytes = bytes < 0 ? std::numeric_limits<int64_t>::max() : bytes, .limit_bytes = std::max<int64_t>(available, 0)};
  throw Error(ErrorCode::kResourceExhausted, std::string(what) + ": needs " + std::to_string(bytes) + " bytes of memory: must be at most " +
                                                 std::to_string(available) + ", of which others hold " + std::to_string(others))
      .RetryAfter(limit.needed_bytes <= available ? std::optional(10.0) : std::nullopt)
      .AtLimit(limit);
}

}  // namespace

MemoryReservation::MemoryReservation(MemoryReservation&& other) noexcept
    : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)), use_(other.use_) {}

MemoryReservation& MemoryReservation::operator=(MemoryReservation&& other) noexcept {
  std::swap(budget_, other.budget_);
  std::swap(bytes_, other.bytes_);
  std::swap(use_, other.use_);
  return *this;
}

MemoryReservation::~MemoryReservation() {
  if (budget_ != nullptr) budget_->Release(bytes_, use_);
}

void MemoryReservation::ShrinkTo(int64_t bytes) {
  if (budget_ == nullptr || bytes >= bytes_) return;
  budget_->Release(bytes_ - bytes, use_);
  bytes_ = bytes;
}

void MemoryBudget::MakeRoomWith(std::function<bool()> make_room, std::function<int64_t()> lasting_bytes, std::function<int64_t()> going_bytes) {
  const std::lock_guard lock(mutex_);
  make_room_ = std::move(make_room);
  lasting_bytes_ = std::move(lasting_bytes);
  going_bytes_ = std::move(going_bytes);
}

MemoryReservation MemoryBudget::Reserve(int64_t bytes, const char* what, int64_t held_bytes, MemoryUse use) {
  for (bool more_can_go = true;;) {
    std::function<bool()> make_room;
    std::function<int64_t()> lasting_bytes;
    std::function<int64_t()> going_bytes;
    {
      const std::lock_guard lock(mutex_);
      if (Fits(bytes)) {
        CountOf(use) += bytes;
        return {this, bytes, use};
      }
      make_room = make_room_;
      lasting_bytes = lasting_bytes_;
      going_bytes = going_bytes_;
    }
    const int64_t lasting = lasting_bytes ? lasting_bytes() : 0;
    const std::optional<int64_t> known_to_go = going_bytes ? std::optional(going_bytes()) : std::nullopt;
    // Behind that: what goes meanwhile counts twice, and room is made in vain, rather than not at all. What another thread is giving back at this moment counts as held: who would need it is told to try again.
    const auto [by_requests, by_weights] = Held();
    const int64_t going = known_to_go.value_or(by_weights - lasting);
    const int64_t available = limit_bytes_ - held_bytes - lasting;
    const bool could_fit = bytes >= 0 && bytes <= std::min(available, limit_bytes_ - by_requests - by_weights + going);
    if (!more_can_go || !could_fit || !make_room) Refuse(what, bytes, available, by_requests + by_weights - held_bytes - lasting);
    more_can_go = make_room();
  }
}

std::optional<MemoryReservation> MemoryBudget::TryReserve(int64_t bytes, MemoryUse use) {
  const std::lock_guard lock(mutex_);
  if (!Fits(bytes)) return {};
  CountOf(use) += bytes;
  return MemoryReservation(this, bytes, use);
}

int64_t MemoryBudget::reserved_bytes() const {
  const std::lock_guard lock(mutex_);
  return reserved_bytes_;
}

int64_t MemoryBudget::weight_bytes() const {
  const std::lock_guard lock(mutex_);
  return weight_bytes_;
}

std::pair<int64_t, int64_t> MemoryBudget::Held() const {
  const std::lock_guard lock(mutex_);
  return {reserved_bytes_, weight_bytes_};
}

bool MemoryBudget::Fits(int64_t bytes) const {
  // Negative: a sum of sizes that passed what 64 bits hold.
  return bytes >= 0 && bytes <= limit_bytes_ - reserved_bytes_ - weight_bytes_;
}

void MemoryBudget::Release(int64_t bytes, MemoryUse use) {
  const std::lock_guard lock(mutex_);
  CountOf(use) -= bytes;
}

}  // namespace tuckerseg
