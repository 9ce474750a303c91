#include "engine/segment/device_gate.h"

#include <gtest/gtest.h>

#include <memory>

#include "engine/error.h"
#include "tests/engine/segment/noted_gate.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

class DevicePassTest : public testing::Test {
 protected:
  /// One use of the device.
  static void Use(DevicePass& pass) {
    pass.Enter({});
    pass.Leave();
  }
  NotedGate gate_;
};

TEST_F(DevicePassTest, EntersBeforeTheFirstUseAndLeavesBehindTheLast) {
  DevicePass pass(&gate_, 3);
  EXPECT_EQ(gate_.order(), "");
  Use(pass);
  Use(pass);
  EXPECT_EQ(gate_.order(), "e");
  Use(pass);
  EXPECT_EQ(gate_.order(), "el");
}

TEST_F(DevicePassTest, LeavesOnceWhereItGoesBeforeTheLastUse) {
  {
    DevicePass pass(&gate_, 2);
    Use(pass);
    pass.Enter({});
  }
  EXPECT_EQ(gate_.order(), "el");
}

TEST_F(DevicePassTest, NeitherEntersNorLeavesWhereTheDeviceIsNotUsed) {
  { const DevicePass pass(&gate_, 2); }
  EXPECT_EQ(gate_.order(), "");
}

TEST_F(DevicePassTest, DoesNotLeaveWhereItCouldNotEnter) {
  gate_.on_enter = [](const std::stop_token&) { throw Error(ErrorCode::kCancelled, "cancelled"); };
  {
    DevicePass pass(&gate_, 1);
    ExpectError(ErrorCode::kCancelled, "cancelled", [&] { pass.Enter({}); });
  }
  EXPECT_EQ(gate_.order(), "e");
}

TEST_F(DevicePassTest, LetsEveryUseThroughWhereThereIsNoGate) {
  DevicePass pass(nullptr, 1);
  EXPECT_NO_THROW(Use(pass));
}

TEST_F(DevicePassTest, CountsOneWithinAnotherAsOneUse) {
  DevicePass outer(&gate_, 2);
  auto inner = std::make_unique<DevicePass>(&outer, 2);
  Use(*inner);
  Use(*inner);
  EXPECT_EQ(gate_.order(), "e");
  inner = std::make_unique<DevicePass>(&outer, 2);
  Use(*inner);
  inner.reset();  // in the midst of its uses
  EXPECT_EQ(gate_.order(), "el");
}

}  // namespace
}  // namespace tuckerseg
