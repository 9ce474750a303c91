#include "compression/report/base64.h"

#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

TEST(EncodeBase64, GivesTheVectorsOfRfc4648) {
  EXPECT_EQ(EncodeBase64(""), "");
  EXPECT_EQ(EncodeBase64("f"), "Zg==");
  EXPECT_EQ(EncodeBase64("fo"), "Zm8=");
  EXPECT_EQ(EncodeBase64("foo"), "Zm9v");
  EXPECT_EQ(EncodeBase64("foob"), "Zm9vYg==");
  EXPECT_EQ(EncodeBase64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(EncodeBase64("foobar"), "Zm9vYmFy");
}

TEST(EncodeBase64, TakesBytesAsTheyAre) {
  EXPECT_EQ(EncodeBase64(std::string_view("\0\xFF\xFE", 3)), "AP/+");
  EXPECT_EQ(EncodeBase64("\xFB\xEF\xBE\xFF"), "++++/w==");
}

}  // namespace
}  // namespace tuckerseg
