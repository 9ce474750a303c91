#include "server/observe/readiness.h"

#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

TEST(Readiness, SaysWhatIsDoneUntilCallsAreTaken) {
  Readiness readiness;
  EXPECT_EQ(readiness.Reason(), "starting");
  readiness.Starting("warming up");
  EXPECT_EQ(readiness.Reason(), "starting: warming up");
  readiness.Ready();
  EXPECT_EQ(readiness.Reason(), std::nullopt);
}

TEST(Readiness, GoesAndComesBackWithWhatThereIsToServe) {
  Readiness readiness;
  readiness.Ready();
  readiness.NotReady("no models: none");
  EXPECT_EQ(readiness.Reason(), "no models: none");
  readiness.Ready();
  EXPECT_EQ(readiness.Reason(), std::nullopt);
  readiness.Draining();
  readiness.NotReady("no models: none");
  EXPECT_TRUE(readiness.Reason()->starts_with("draining"));
}

TEST(Readiness, GoesBackWhenTheServerStopsAndDoesNotComeAgain) {
  Readiness readiness;
  readiness.Ready();
  readiness.Draining();
  ASSERT_TRUE(readiness.Reason());
  EXPECT_TRUE(readiness.Reason()->starts_with("draining"));
  readiness.Ready();
  readiness.Starting("again");
  EXPECT_TRUE(readiness.Reason()->starts_with("draining"));
}

}  // namespace
}  // namespace tuckerseg
