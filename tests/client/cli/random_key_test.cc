#include "client/cli/random_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace tuckerseg {
namespace {

TEST(RandomKey, Has128BitsAndIsAnotherOneEachTime) {
  std::set<std::string> keys;
  for (int i = 0; i < 100; ++i) keys.insert(RandomKey());
  EXPECT_EQ(keys.size(), 100U);
  for (const std::string& key : keys) EXPECT_THAT(key, testing::MatchesRegex("[0-9a-f]+"));
  EXPECT_EQ(keys.begin()->size(), 32U);
}

}  // namespace
}  // namespace tuckerseg
