#include "server/variants/shown_text.h"

#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

TEST(ShownText, LeavesTextAsItIs) {
  EXPECT_EQ(ShownText("tucker-0.3 \xC3\xBC\n"), "tucker-0.3 \xC3\xBC\n");
  EXPECT_EQ(ShownText(""), "");
}

TEST(ShownText, ReplacesBytesThatAreNoUtf8) { EXPECT_EQ(ShownText("a\xFF!"), "a\xEF\xBF\xBD!"); }

TEST(ShownText, CutsWhatIsLongEvenWithinACharacter) {
  EXPECT_EQ(ShownText(std::string(301, 'a')), std::string(300, 'a') + "...");
  EXPECT_EQ(ShownText(std::string(299, 'a') + "\xC3\xBC"), std::string(299, 'a') + "\xEF\xBF\xBD...");
}

}  // namespace
}  // namespace tuckerseg
