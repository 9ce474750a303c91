#include "server/observe/trace_context.h"

#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kParent = "00f067aa0ba902b7";
const std::string kValid = "00-" + kTrace + "-" + kParent + "-01";

TEST(ParseTraceparent, ReadsTheRecommendationsExample) {
  EXPECT_EQ(ParseTraceparent(kValid), (TraceContext{kTrace, kParent, true}));
}

TEST(ParseTraceparent, TakesTheLastBitOfTheFlagsAlone) {
  const auto sampled = [](const std::string& flags) { return ParseTraceparent("00-" + kTrace + "-" + kParent + "-" + flags)->sampled; };
  for (const char* flags : {"01", "03", "ff", "0b", "09"}) EXPECT_TRUE(sampled(flags)) << flags;
  for (const char* flags : {"00", "02", "fe", "0a", "08"}) EXPECT_FALSE(sampled(flags)) << flags;
}

TEST(ParseTraceparent, ReadsALaterVersionAsFarAsItIsKnown) {
  EXPECT_EQ(ParseTraceparent("01-" + kTrace + "-" + kParent + "-01"), (TraceContext{kTrace, kParent, true}));
  EXPECT_EQ(ParseTraceparent("cc-" + kTrace + "-" + kParent + "-00-what-the-future-will-be-like"), (TraceContext{kTrace, kParent, false}));
  EXPECT_EQ(ParseTraceparent("cc-" + kTrace + "-" + kParent + "-01."), std::nullopt);
}

TEST(ParseTraceparent, RefusesWhatIsInvalid) {
  for (const std::string& text : {
           std::string(), std::string("00"), kValid + "-", kValid + " ", " " + kValid, kValid + "\n", kValid.substr(1), kValid.substr(0, 54),
           "ff-" + kTrace + "-" + kParent + "-01", "0x-" + kTrace + "-" + kParent + "-01", "FF-" + kTrace + "-" + kParent + "-01",
           "00-" + std::string(32, '0') + "-" + kParent + "-01", "00-" + kTrace + "-" + std::string(16, '0') + "-01",
           "00-4BF92F3577B34DA6A3CE929D0E0E4736-" + kParent + "-01", "00-" + kTrace + "-00F067AA0BA902B7-01", "00-" + kTrace + "-" + kParent + "-0G",
           "00_" + kTrace + "-" + kParent + "-01", "00-" + kTrace + "_" + kParent + "-01", "00-" + kTrace + "-" + kParent + "_01",
           "00-" + kTrace + kParent + "--01", std::string(55, '\0'), std::string(55, '-'), std::string(100000, 'a')})
    EXPECT_EQ(ParseTraceparent(text), std::nullopt) << text.substr(0, 80);
}

}  // namespace
}  // namespace tuckerseg
