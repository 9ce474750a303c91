#include "server/schedule/memory_budget.h"

#include <string>
#include <utility>

#include "engine/error.h"

namespace tuckerseg {

MemoryReservation::MemoryReservation(MemoryReservation&& other) noexcept
    : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

MemoryReservation& MemoryReservation::operator=(MemoryReservation&& other) noexcept {
  std::swap(budget_, other.budget_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

MemoryReservation::~MemoryReservation() {
  if (budget_ != nullptr) budget_->Release(bytes_);
}

void MemoryReservation::ShrinkTo(int64_t bytes) {
  if (budget_ == nullptr || bytes >= bytes_) return;
  budget_->Release(bytes_ - bytes);
  bytes_ = bytes;
}

MemoryReservation MemoryBudget::Reserve(int64_t bytes, const char* what, int64_t held_bytes) {
  const std::lock_guard lock(mutex_);
  // Negative: a sum of sizes that passed what 64 bits hold.
  if (bytes < 0 || bytes > limit_bytes_ - reserved_bytes_) {
    const int64_t available = limit_bytes_ - held_bytes;
    Error error(ErrorCode::kResourceExhausted, std::string(what) + ": needs " + std::to_string(bytes) + " bytes of memory: must be at most " +
                                                   std::to_string(available) + ", of which others hold " +
                                                   std::to_string(reserved_bytes_ - held_bytes));
    if (bytes >= 0 && bytes <= available) throw std::move(error).RetryAfter(10);
    throw error;
  }
  reserved_bytes_ += bytes;
  return {this, bytes};
}

int64_t MemoryBudget::reserved_bytes() const {
  const std::lock_guard lock(mutex_);
  return reserved_bytes_;
}

void MemoryBudget::Release(int64_t bytes) {
  const std::lock_guard lock(mutex_);
  reserved_bytes_ -= bytes;
}

}  // namespace tuckerseg
