#include "server/client_share.h"

#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

TEST(PlacesOfOneClient, AreItsShareRoundedDown) {
  EXPECT_EQ(PlacesOfOneClient(16, 0.5), 8);
  EXPECT_EQ(PlacesOfOneClient(5, 0.5), 2) << "the place in the middle is others'";
  EXPECT_EQ(PlacesOfOneClient(100, 0.29), 29) << "whatever a product of real numbers is";
  EXPECT_EQ(PlacesOfOneClient(10000, 1), 10000);
}

TEST(PlacesOfOneClient, AreNeverNone) {
  EXPECT_EQ(PlacesOfOneClient(1, 0.5), 1);
  EXPECT_EQ(PlacesOfOneClient(16, 0.001), 1);
}

TEST(ShareIsHeld, NamesWhatIsHeldAndHowMuchOfIt) {
  EXPECT_EQ(ShareIsHeld("queue", 8), "queue: this client holds 8 of its 8 places: must be fewer; try again later");
}

}  // namespace
}  // namespace tuckerseg
