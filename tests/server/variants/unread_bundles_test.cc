#include "server/variants/unread_bundles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace tuckerseg {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

DescribedBundle Described(const std::string& unread) { return {.directory = "shown", .model = {}, .error = {}, .levels = {}, .unread = unread, .log = {}}; }

std::string LogOf(const std::function<void()>& run) {
  testing::internal::CaptureStdout();
  run();
  return testing::internal::GetCapturedStdout();
}

TEST(UnreadBundles, SaysOnceThatItBeginsAndOnceThatItEnds) {
  UnreadBundles unread;
  EXPECT_THAT(LogOf([&] { unread.Tell("/models/a", Described("no descriptor")); }), AllOf(HasSubstr(R"("directory":"shown","event":"bundle_unreadable","reason":"no descriptor")"), Not(HasSubstr("/models"))));
  EXPECT_THAT(LogOf([&] { unread.Tell("/models/a", Described("another reason")); }), IsEmpty());
  EXPECT_THAT(LogOf([&] { unread.Tell("/models/a", Described("")); }), HasSubstr(R"("directory":"shown","event":"bundle_readable_again")"));
  EXPECT_THAT(LogOf([&] { unread.Tell("/models/a", Described("")); }), IsEmpty());
  EXPECT_THAT(LogOf([&] { unread.Tell("/models/a", Described("once more")); }), HasSubstr("bundle_unreadable"));
}

TEST(UnreadBundles, TellsOfEachByItself) {
  UnreadBundles unread;
  unread.Tell("/models/a", Described("no descriptor"));
  EXPECT_THAT(LogOf([&] { unread.Tell("/models/b", Described("no descriptor")); }), HasSubstr("bundle_unreadable"));
  unread.Tell("/models/a", Described(""));
  EXPECT_THAT(LogOf([&] { unread.Tell("/models/b", Described("no descriptor")); }), IsEmpty());
}

TEST(UnreadBundles, SaysNothingOfOneThatHasGone) {
  UnreadBundles unread;
  unread.Tell("/models/a", Described("no descriptor"));
  unread.Forget("/models/a");
  EXPECT_THAT(LogOf([&] { unread.Tell("/models/a", Described("")); }), IsEmpty());
}

TEST(UnreadBundles, EndsWhereTheBundleLooksAsServed) {
  UnreadBundles unread;
  unread.Tell("/models/a", Described("no descriptor"));
  ModelsStamp served = {{"/models/a", {}}, {"/models/b", {}}};
  ModelsStamp now = served;
  now.at("/models/a").files.card.bytes = 1;
  EXPECT_THAT(LogOf([&] { unread.EndWhereNothingIsAnother(served, now); }), IsEmpty());
  EXPECT_THAT(LogOf([&] { unread.EndWhereNothingIsAnother(served, {}); }), IsEmpty());
  EXPECT_THAT(LogOf([&] { unread.EndWhereNothingIsAnother({}, now); }), IsEmpty());
  EXPECT_THAT(LogOf([&] { unread.EndWhereNothingIsAnother(served, served); }), HasSubstr("bundle_readable_again"));
  EXPECT_THAT(LogOf([&] { unread.EndWhereNothingIsAnother(served, served); }), IsEmpty());
}

TEST(UnreadBundles, DoesNotEndWhereWhatIsServedIsNotWhole) {
  UnreadBundles unread;
  unread.Tell("/models/a", Described("no descriptor"));
  const ModelsStamp now = {{"/models/a", {}}};
  ModelsStamp served = now;
  served.at("/models/a").is_whole = false;
  EXPECT_THAT(LogOf([&] { unread.EndWhereNothingIsAnother(served, now); }), IsEmpty());
}

}  // namespace
}  // namespace tuckerseg
