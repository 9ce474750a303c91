#include "server/random_id.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace tuckerseg {
namespace {

TEST(RandomId, IsSixteenBytesInHexadecimalAndNeverTheSame) {
  std::set<std::string> ids;
  for (int i = 0; i < 100; ++i) {
    const std::string id = RandomId();
    EXPECT_EQ(id.size(), 32U);
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_TRUE(ids.insert(id).second);
  }
}

}  // namespace
}  // namespace tuckerseg
