#include "server/schedule/memory_budget.h"

#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <utility>
#include <vector>

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

TEST(MemoryBudget, TellsInNumbersWhatIsNeededAndWhatThereIsAtMost) {
  MemoryBudget budget(100);
  EXPECT_EQ(LimitRefusing([&] { budget.Reserve(101, "volume"); }), (ByteLimit{.needed_bytes = 101, .limit_bytes = 100}));
  const MemoryReservation own = budget.Reserve(50, "volume");
  EXPECT_EQ(LimitRefusing([&] { budget.Reserve(60, "volume", own.bytes()); }), (ByteLimit{.needed_bytes = 60, .limit_bytes = 50}));
  const MemoryReservation others = budget.Reserve(20, "volume");
  EXPECT_EQ(LimitRefusing([&] { budget.Reserve(40, "volume", own.bytes()); }), (ByteLimit{.needed_bytes = 40, .limit_bytes = 50})) << "once the others have gone";
  EXPECT_EQ(LimitRefusing([&] { budget.Reserve(-1, "volume"); }), (ByteLimit{.needed_bytes = std::numeric_limits<int64_t>::max(), .limit_bytes = 100}));
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

TEST(MemoryBudget, CountsWeightsApartButInTheSameLimit) {
  MemoryBudget budget(100);
  MemoryReservation weights = budget.Reserve(60, "weights", 0, MemoryUse::kWeights);
  const MemoryReservation request = budget.Reserve(40, "volume");
  EXPECT_EQ(budget.weight_bytes(), 60);
  EXPECT_EQ(budget.reserved_bytes(), 40);
  EXPECT_TRUE(RetryAfterRefusal(budget, 1));
  weights.ShrinkTo(50);
  EXPECT_EQ(budget.weight_bytes(), 50);
  weights = {};
  EXPECT_EQ(budget.weight_bytes(), 0);
  EXPECT_EQ(budget.reserved_bytes(), 40);
}

TEST(MemoryBudget, AsksForRoomUntilThereIsEnough) {
  MemoryBudget budget(100);
  std::vector<MemoryReservation> weights;
  for (int i = 0; i < 5; ++i) weights.push_back(budget.Reserve(20, "weights", 0, MemoryUse::kWeights));
  budget.MakeRoomWith([&weights] {
    if (weights.empty()) return false;
    weights.pop_back();
    return true;
  });
  {
    const MemoryReservation request = budget.Reserve(50, "volume");
    EXPECT_EQ(weights.size(), 2U) << "no more than is needed";
    const MemoryReservation other = budget.Reserve(50, "volume");
    EXPECT_TRUE(weights.empty()) << "as much as there is";
  }
  EXPECT_EQ(budget.reserved_bytes(), 0);
}

TEST(MemoryBudget, MakesNoRoomForWhatRunningRequestsLeaveTooLittleFor) {
  MemoryBudget budget(16);
  const MemoryReservation running = budget.Reserve(10, "volume");
  const MemoryReservation weights = budget.Reserve(6, "weights", 0, MemoryUse::kWeights);
  int asked = 0;
  budget.MakeRoomWith([&asked] { return ++asked < 10; });
  EXPECT_TRUE(RetryAfterRefusal(budget, 8)) << "it fits once the running one has gone";
  EXPECT_EQ(asked, 0) << "without any weights there would be 6";
}

TEST(MemoryBudget, MakesNoRoomForWhatWeightsInUseLeaveTooLittleFor) {
  MemoryBudget budget(16);
  const MemoryReservation running = budget.Reserve(6, "volume");
  const MemoryReservation in_use = budget.Reserve(2, "weights", 0, MemoryUse::kWeights);
  std::optional<MemoryReservation> idle = budget.Reserve(2, "weights", 0, MemoryUse::kWeights);
  int asked = 0;
  budget.MakeRoomWith([&] { return ++asked, std::exchange(idle, std::nullopt).has_value(); }, {}, [&idle] { return idle ? idle->bytes() : 0; });
  EXPECT_TRUE(RetryAfterRefusal(budget, 9)) << "it fits once the running one has gone";
  EXPECT_EQ(asked, 0) << "without the idle weights there would be 8";
  const MemoryReservation volume = budget.Reserve(8, "volume");
  EXPECT_EQ(asked, 1);
}

TEST(MemoryBudget, MakesNoRoomForWhatWouldNeverFit) {
  MemoryBudget budget(100);
  const MemoryReservation own = budget.Reserve(50, "volume");
  int asked = 0;
  budget.MakeRoomWith([&asked] { return ++asked < 10; });
  EXPECT_FALSE(RetryAfterRefusal(budget, 101));
  EXPECT_FALSE(RetryAfterRefusal(budget, 60, own.bytes()));
  EXPECT_FALSE(RetryAfterRefusal(budget, -1));
  EXPECT_EQ(asked, 0);
}

TEST(MemoryBudget, DoesNotSendARequestToWaitForWeightsThatStay) {
  MemoryBudget budget(1000);
  const MemoryReservation pinned = budget.Reserve(600, "weights", 0, MemoryUse::kWeights);
  std::optional<MemoryReservation> other = budget.Reserve(300, "weights", 0, MemoryUse::kWeights);
  int asked = 0;
  budget.MakeRoomWith([&] { return ++asked, std::exchange(other, std::nullopt).has_value(); }, [&pinned] { return pinned.bytes(); });
  EXPECT_FALSE(RetryAfterRefusal(budget, 500));
  EXPECT_EQ(asked, 0) << "the other weights would go in vain";
  EXPECT_EQ(LimitRefusing([&] { budget.Reserve(500, "volume"); }), (ByteLimit{.needed_bytes = 500, .limit_bytes = 400}));
  ExpectError(ErrorCode::kResourceExhausted, "volume: needs 500 bytes of memory: must be at most 400, of which others hold 300", [&] { budget.Reserve(500, "volume"); });
  const MemoryReservation own = budget.Reserve(100, "volume");
  EXPECT_FALSE(RetryAfterRefusal(budget, 301, own.bytes()));
  const MemoryReservation rest = budget.Reserve(300, "volume", own.bytes());
  EXPECT_EQ(asked, 1) << "what stays leaves room for as much";
  EXPECT_TRUE(RetryAfterRefusal(budget, 400)) << "it fits once the others have gone";
  EXPECT_FALSE(RetryAfterRefusal(budget, 401));
}

TEST(MemoryBudget, TakesWhatFitsWithoutMakingRoom) {
  MemoryBudget budget(100);
  budget.MakeRoomWith([] {
    ADD_FAILURE() << "was asked for room";
    return false;
  });
  const std::optional<MemoryReservation> first = budget.TryReserve(80, MemoryUse::kWeights);
  ASSERT_TRUE(first);
  EXPECT_EQ(budget.weight_bytes(), 80);
  EXPECT_FALSE(budget.TryReserve(21, MemoryUse::kWeights));
  EXPECT_TRUE(budget.TryReserve(20, MemoryUse::kRequest));
}

TEST(MemoryBudget, RefusesASizeThatPassed64Bits) {
  MemoryBudget budget(100);
  EXPECT_FALSE(RetryAfterRefusal(budget, -1));
  EXPECT_EQ(budget.reserved_bytes(), 0);
}

}  // namespace
}  // namespace tuckerseg
