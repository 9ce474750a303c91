/// Who was turned away is expected until the time that it was told.
#include "server/schedule/expected_returns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace tuckerseg {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

ExpectedReturns::Return In(std::chrono::seconds after, const std::string& client, int priority = 0) {
  return {.client = client, .priority = priority, .at = ExpectedReturns::Clock::now() + after};
}

constexpr std::chrono::seconds kLong{3600};

std::vector<std::string> Clients(ExpectedReturns& returns) {
  std::vector<std::string> clients;
  for (const ExpectedReturns::Return& expected : returns.ToCome()) clients.push_back(expected.client);
  return clients;
}

TEST(ExpectedReturns, AreThoseWhoseTimeHasNotPassed) {
  ExpectedReturns returns(4);
  returns.Add(In(kLong, "a"));
  returns.Add(In(std::chrono::seconds(-1), "b"));
  EXPECT_THAT(Clients(returns), ElementsAre("a"));
}

TEST(ExpectedReturns, AreExpectedOnceForEachClientAndPriorityUntilTheLatestTime) {
  ExpectedReturns returns(4);
  const auto latest = In(2 * kLong, "a");
  returns.Add(latest);
  returns.Add(In(kLong, "a"));
  returns.Add(In(kLong, "a", 5));
  ASSERT_THAT(Clients(returns), ElementsAre("a", "a"));
  EXPECT_EQ(returns.ToCome().front().at, latest.at);
}

TEST(ExpectedReturns, AreNoMoreThanMayWait) {
  ExpectedReturns returns(2);
  returns.Add(In(kLong, "first"));
  returns.Add(In(3 * kLong, "last"));
  returns.Add(In(2 * kLong, "middle"));
  EXPECT_THAT(Clients(returns), UnorderedElementsAre("last", "middle"));
}

TEST(ExpectedReturns, AreForgottenTogether) {
  ExpectedReturns returns(2);
  returns.Add(In(kLong, "a"));
  returns.Clear();
  EXPECT_THAT(Clients(returns), IsEmpty());
}

}  // namespace
}  // namespace tuckerseg
