#include "server/schedule/device_order.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>

#include "tests/engine/volume/expect_error.h"
#include "tests/server/wait_until.h"

namespace tuckerseg {
namespace {

TEST(DeviceOrder, GivesTheDeviceAtOnceWhereNoneIsBefore) {
  DeviceOrder order;
  DeviceOrder::Claim claim(order);
  claim.Enter({});
  claim.Enter({});  // it has it already
}

TEST(DeviceOrder, GivesTheDeviceOnceAllThatWereBeforeHaveLeft) {
  DeviceOrder order;
  DeviceOrder::Claim first(order);
  std::optional<DeviceOrder::Claim> second(std::in_place, order);
  DeviceOrder::Claim third(order);
  std::atomic<bool> is_about_to_enter = false;
  std::atomic<bool> first_has_left = false;
  std::atomic<bool> has_it = false;
  std::atomic<bool> was_alone = false;
  const std::jthread waiting([&](const std::stop_token& stop) {
    is_about_to_enter = true;
    try {
      third.Enter(stop);
      was_alone = first_has_left.load();
      has_it = true;
    } catch (const Error&) {  // stopped, by a test that fails
    }
  });
  ASSERT_TRUE(WaitUntil([&] { return is_about_to_enter.load(); }));
  second.reset();  // it never entered
  first.Enter({});
  first_has_left = true;
  first.Leave();
  EXPECT_TRUE(WaitUntil([&] { return has_it.load(); }));
  EXPECT_TRUE(was_alone);
}

TEST(DeviceOrder, LeavesAClaimsPlaceInTheMiddleToThoseBehindIt) {
  DeviceOrder order;
  DeviceOrder::Claim first(order);
  DeviceOrder::Claim second(order);
  DeviceOrder::Claim third(order);
  second.Leave();
  first.Enter({});
  first.Leave();
  third.Enter({});
}

TEST(DeviceOrder, EndsAWaitThatIsStopped) {
  DeviceOrder order;
  const DeviceOrder::Claim first(order);
  DeviceOrder::Claim second(order);
  std::stop_source stop;
  const std::jthread stopping([&stop] { stop.request_stop(); });  // before or while the other waits
  ExpectError(ErrorCode::kCancelled, "cancelled while it waited for the device", [&] { second.Enter(stop.get_token()); });
}

TEST(DeviceOrder, LetsNobodyComeBack) {
  DeviceOrder order;
  DeviceOrder::Claim claim(order);
  claim.Enter({});
  claim.Leave();
  claim.Leave();  // once more does no harm
  ExpectError(ErrorCode::kInternal, "device: was given away", [&] { claim.Enter({}); });
}

}  // namespace
}  // namespace tuckerseg
