#include "server/thread_stacks.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <cstddef>
#include <thread>

#include "tests/server/default_stack.h"

namespace tuckerseg {
namespace {

constexpr size_t kMebibyte = size_t{1} << 20;

size_t StackOfANewThread() {
  size_t bytes = 0;
  std::thread([&bytes] {
    pthread_attr_t own;
    EXPECT_EQ(pthread_getattr_np(pthread_self(), &own), 0);
    EXPECT_EQ(pthread_attr_getstacksize(&own, &bytes), 0);
    pthread_attr_destroy(&own);
  }).join();
  return bytes;
}

TEST(ThreadStacks, AreEightMebibytesWhereTheyWouldBeSmaller) {
  const DefaultStack small(kMebibyte);
  EnsureThreadStacks();
  EXPECT_EQ(DefaultStack::Bytes(), 8 * kMebibyte);
  EXPECT_GE(StackOfANewThread(), 8 * kMebibyte);
}

TEST(ThreadStacks, StayAsLargeAsTheyAre) {
  const DefaultStack large(16 * kMebibyte);
  EnsureThreadStacks();
  EXPECT_EQ(DefaultStack::Bytes(), 16 * kMebibyte);
}

}  // namespace
}  // namespace tuckerseg
