#include "server/schedule/memory_budget.h"

#include <gtest/gtest.h>

#include <optional>
#include <utility>

#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

/// Seconds after which the refused request may try again.
std::optional<double> RetryAfterRefusal(MemoryBudget& budget, int64_t bytes, int64_t held = 0) {
  try {
    const MemoryReservation unexpected = budget.Reserve(bytes, "volume", held);
    ADD_FAILURE() << bytes << " bytes were given";
  } catch (const Error& error) {
    return error.retry_after_s();
  }
  return std::nullopt;
}

TEST(MemoryBudget, GivesUpToItsLimitAndNotAByteMore) {
  MemoryBudget budget(100);
  const MemoryReservation first = budget.Reserve(60, "volume");
  const MemoryReservation second = budget.Reserve(40, "volume");
  EXPECT_EQ(budget.reserved_bytes(), 100);
  ExpectError(ErrorCode::kResourceExhausted,
              "volume: needs 1 bytes of memory: must be at most 100, of which others hold 100",
              [&] { budget.Reserve(1, "volume"); });
  EXPECT_EQ(budget.reserved_bytes(), 100) << "a refusal reserves nothing";
}

TEST(MemoryBudget, TakesBackWhatAScopeHeld) {
  MemoryBudget budget(100);
  {
    const MemoryReservation reservation = budget.Reserve(100, "volume");
    EXPECT_EQ(reservation.bytes(), 100);
  }
  EXPECT_EQ(budget.reserved_bytes(), 0);
}

TEST(MemoryBudget, TakesBackOnceHoweverOftenTheReservationMoves) {
  MemoryBudget budget(100);
  {
    MemoryReservation first = budget.Reserve(30, "volume");
    MemoryReservation second = std::move(first);
    MemoryReservation third = budget.Reserve(20, "volume");
    third = std::move(second);
    EXPECT_EQ(third.bytes(), 30);
    EXPECT_LE(budget.reserved_bytes(), 50);
  }
  EXPECT_EQ(budget.reserved_bytes(), 0);
}

TEST(MemoryBudget, SaysWhenToTryAgainOnlyWhereWaitingHelps) {
  MemoryBudget budget(100);
  EXPECT_FALSE(RetryAfterRefusal(budget, 101)) << "more than there ever is";
  const MemoryReservation other = budget.Reserve(50, "volume");
  EXPECT_TRUE(RetryAfterRefusal(budget, 100)) << "fits once the other has gone";
}

TEST(MemoryBudget, DoesNotSendARequestToWaitForMemoryThatItHoldsItself) {
  MemoryBudget budget(100);
  const MemoryReservation own = budget.Reserve(50, "volume");
  EXPECT_FALSE(RetryAfterRefusal(budget, 60, own.bytes()));
  const MemoryReservation others = budget.Reserve(20, "volume");
  EXPECT_TRUE(RetryAfterRefusal(budget, 40, own.bytes()));
  ExpectError(ErrorCode::kResourceExhausted,
              "needs 40 bytes of memory: must be at most 50, of which others hold 20",
              [&] { budget.Reserve(40, "volume", own.bytes()); });
}

TEST(MemoryBudget, TakesPartOfAReservationBack) {
  MemoryBudget budget(100);
  MemoryReservation reservation = budget.Reserve(80, "volume");
  reservation.ShrinkTo(90);
  EXPECT_EQ(budget.reserved_bytes(), 80) << "it never grows";
  reservation.ShrinkTo(30);
  EXPECT_EQ(budget.reserved_bytes(), 30);
  EXPECT_EQ(reservation.bytes(), 30);
}

TEST(MemoryBudget, RefusesASizeThatPassed64Bits) {
  MemoryBudget budget(100);
  EXPECT_FALSE(RetryAfterRefusal(budget, -1));
  EXPECT_EQ(budget.reserved_bytes(), 0);
}

}  // namespace
}  // namespace tuckerseg
