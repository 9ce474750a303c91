#include "engine/huge_pages.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace tuckerseg {
namespace {

TEST(HugeVector, BeginsOnALargePageAndKeepsWhatIsInItWhenItGrows) {
  HugeVector<float> values(1000);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  values.resize(2'000'000);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(values.data()) % kHugePage, 0U);
  for (size_t i = 0; i < 1000; ++i) ASSERT_EQ(values[i], static_cast<float>(i));
  EXPECT_EQ(HugePageAllocator<float>::Bytes(1000), 4032U) << "whole cache lines";
  EXPECT_EQ(HugePageAllocator<float>::Bytes(2'000'000), size_t{8} << 20) << "whole pages";
  EXPECT_EQ(HugeVector<float>(3, 2.5F).back(), 2.5F) << "a value that is asked for is there";
}

}  // namespace
}  // namespace tuckerseg
