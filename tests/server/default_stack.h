/// The size that stacks of new threads have by default, set for a test.
#pragma once

#include <gtest/gtest.h>
#include <pthread.h>

#include <cstddef>

namespace tuckerseg {

/// While it lives; then it is as before.
class DefaultStack {
 public:
  explicit DefaultStack(size_t bytes) : before_(Bytes()) { Set(bytes); }
  ~DefaultStack() { Set(before_); }
  DefaultStack(const DefaultStack&) = delete;
  DefaultStack& operator=(const DefaultStack&) = delete;

  static size_t Bytes() {
    size_t bytes = 0;
    pthread_attr_t defaults;
    EXPECT_EQ(pthread_getattr_default_np(&defaults), 0);
    EXPECT_EQ(pthread_attr_getstacksize(&defaults, &bytes), 0);
    pthread_attr_destroy(&defaults);
    return bytes;
  }

 private:
  static void Set(size_t bytes) {
    pthread_attr_t defaults;
    EXPECT_EQ(pthread_getattr_default_np(&defaults), 0);
    EXPECT_EQ(pthread_attr_setstacksize(&defaults, bytes), 0);
    EXPECT_EQ(pthread_setattr_default_np(&defaults), 0);
    pthread_attr_destroy(&defaults);
  }

  const size_t before_;
};

}  // namespace tuckerseg
