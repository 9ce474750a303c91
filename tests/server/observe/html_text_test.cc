#include "server/observe/html_text.h"

#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

TEST(HtmlText, CanBeginAndEndNothing) {
  EXPECT_EQ(HtmlText("total_fast 0.3"), "total_fast 0.3");
  EXPECT_EQ(HtmlText("<script>alert('x')</script>"), "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
  EXPECT_EQ(HtmlText("\" onload=\"&amp;"), "&quot; onload=&quot;&amp;amp;");
}

TEST(SecondsText, HasDigitsThatAreWorthReading) {
  EXPECT_EQ(SecondsText(0.31524), "0.3152 s");
  EXPECT_EQ(SecondsText(3.4567), "3.46 s");
  EXPECT_EQ(SecondsText(123.456), "123.5 s");
}

TEST(BytesText, HasTheUnitThatFits) {
  EXPECT_EQ(BytesText(0), "0 B");
  EXPECT_EQ(BytesText(1023), "1023 B");
  EXPECT_EQ(BytesText(3 << 19), "1.5 MiB");
  EXPECT_EQ(BytesText(int64_t{5} << 40), "5.0 TiB");
  EXPECT_EQ(BytesText(int64_t{1} << 52), "4096.0 TiB");
}

}  // namespace
}  // namespace tuckerseg
