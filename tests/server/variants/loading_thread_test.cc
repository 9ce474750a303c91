#include "server/variants/loading_thread.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace tuckerseg {
namespace {

TEST(LoadingThread, RunsAllWorkOnOneThreadWhoeverBringsIt) {
  LoadingThread loading;
  std::set<std::thread::id> threads;
  std::atomic<int> running = 0;
  bool alone = true;
  std::vector<std::jthread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      loading.Run([&] {
        alone = ++running == 1 && alone;
        threads.insert(std::this_thread::get_id());
        --running;
      });
    });
  }
  callers.clear();
  EXPECT_EQ(threads.size(), 1U);
  EXPECT_FALSE(threads.contains(std::this_thread::get_id()));
  EXPECT_TRUE(alone);
}

TEST(LoadingThread, ReturnsWhenTheWorkHasEnded) {
  LoadingThread loading;
  bool ended = false;
  loading.Run([&] { ended = true; });
  EXPECT_TRUE(ended);
}

TEST(LoadingThread, ThrowsWhatTheWorkThrowsAndGoesOn) {
  LoadingThread loading;
  EXPECT_THROW(loading.Run([] { throw std::runtime_error("no"); }), std::runtime_error);
  bool ended = false;
  loading.Run([&] { ended = true; });
  EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace tuckerseg
