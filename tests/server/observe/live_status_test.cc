#include "server/observe/live_status.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>

#include "tests/server/wait_until.h"

namespace tuckerseg {
namespace {

ServerStatus StatusOf(const std::string& executor) {
  ServerStatus status;
  status.executor = executor;
  return status;
}

TEST(LiveStatus, IsThereOnlyWhileItIsShown) {
  LiveStatus live;
  EXPECT_FALSE(live.Now());
  {
    const LiveStatus::Shown shown = live.Show([] { return StatusOf("plain"); });
    ASSERT_TRUE(live.Now());
    EXPECT_EQ(live.Now()->executor, "plain");
  }
  EXPECT_FALSE(live.Now());
}

TEST(LiveStatus, IsLookedAtAnewEachTime) {
  LiveStatus live;
  int looks = 0;
  const LiveStatus::Shown shown = live.Show([&] { return StatusOf(std::to_string(++looks)); });
  live.Now();
  EXPECT_EQ(live.Now()->executor, "2");
}

TEST(LiveStatus, IsNotTakenAwayFromALookThatRuns) {
  LiveStatus live;
  std::atomic<bool> looking = false;
  std::atomic<bool> looked = false;
  std::jthread looker;
  {
    const LiveStatus::Shown shown = live.Show([&] {
      looking = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      looked = true;
      return ServerStatus();
    });
    looker = std::jthread([&] { live.Now(); });
    ASSERT_TRUE(WaitUntil([&] { return looking.load(); }));
  }
  EXPECT_TRUE(looked) << "what it looks at may be gone now";
}

}  // namespace
}  // namespace tuckerseg
