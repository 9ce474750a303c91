#include "server/variants/shown_text.h"

#include <gtest/gtest.h>

#include <string>

namespace tuckerseg {
namespace {

/// `count` times the letter a, and what is behind it. Joined in one expression, GCC 12 takes it for a copy that overflows.
std::string Letters(size_t count, const std::string& end) {
  std::string text(count, 'a');
  text += end;
  return text;
}

TEST(ShownText, LeavesTextAsItIs) {
  EXPECT_EQ(ShownText("tucker-0.3 \xC3\xBC\n"), "tucker-0.3 \xC3\xBC\n");
  EXPECT_EQ(ShownText(""), "");
}

TEST(ShownText, ReplacesBytesThatAreNoUtf8) { EXPECT_EQ(ShownText("a\xFF!"), "a\xEF\xBF\xBD!"); }

TEST(ShownText, CutsWhatIsLongEvenWithinACharacter) {
  EXPECT_EQ(ShownText(Letters(301, "")), Letters(300, "..."));
  EXPECT_EQ(ShownText(Letters(299, "\xC3\xBC")), Letters(299, "\xEF\xBF\xBD..."));
}

}  // namespace
}  // namespace tuckerseg
