#include "server/serve/variant_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

void Add(v1::ListVariantsResponse& list, const std::string& name, v1::VariantState state) {
  v1::Variant& variant = *list.add_variants();
  variant.set_task("total");
  variant.set_name(name);
  variant.set_state(state);
}

std::vector<std::string> Told(VariantChanges& changes, const v1::ListVariantsResponse& now) {
  std::vector<std::string> told;
  for (const v1::Variant& variant : changes.Take(now)) told.push_back(variant.name() + " " + v1::VariantState_Name(variant.state()).substr(14));
  return told;
}

TEST(VariantChanges, AreAllAtFirstThenThoseThatDiffer) {
  VariantChanges changes;
  v1::ListVariantsResponse list;
  Add(list, "original", v1::VARIANT_STATE_LOADED);
  Add(list, "third", v1::VARIANT_STATE_AVAILABLE);
  EXPECT_THAT(Told(changes, list), ElementsAre("original LOADED", "third AVAILABLE"));
  EXPECT_THAT(Told(changes, list), IsEmpty());
  list.mutable_variants(1)->set_state(v1::VARIANT_STATE_LOADING);
  EXPECT_THAT(Told(changes, list), ElementsAre("third LOADING"));
  list.mutable_variants(0)->set_quality_statement("other");
  Add(list, "tenth", v1::VARIANT_STATE_AVAILABLE);
  EXPECT_THAT(Told(changes, list), ElementsAre("original LOADED", "tenth AVAILABLE"));
}

TEST(VariantChanges, NameWhatHasGone) {
  VariantChanges changes;
  v1::ListVariantsResponse both;
  Add(both, "original", v1::VARIANT_STATE_LOADED);
  Add(both, "third", v1::VARIANT_STATE_LOADED);
  Told(changes, both);
  v1::ListVariantsResponse one;
  Add(one, "original", v1::VARIANT_STATE_LOADED);
  const std::vector<v1::Variant> gone = changes.Take(one);
  ASSERT_EQ(gone.size(), 1U);
  EXPECT_EQ(gone[0].task(), "total");
  EXPECT_EQ(gone[0].name(), "third");
  EXPECT_EQ(gone[0].state(), v1::VARIANT_STATE_GONE);
  EXPECT_THAT(Told(changes, one), IsEmpty()) << "once";
  EXPECT_THAT(Told(changes, both), ElementsAre("third LOADED")) << "back again";
}

TEST(VariantChanges, TellTwoOfOneNameApart) {
  VariantChanges changes;
  v1::ListVariantsResponse list;
  Add(list, "third", v1::VARIANT_STATE_LOADED);
  Add(list, "third", v1::VARIANT_STATE_FAILED);
  EXPECT_THAT(Told(changes, list), ElementsAre("third LOADED", "third FAILED"));
  EXPECT_THAT(Told(changes, list), IsEmpty());
  list.mutable_variants()->RemoveLast();
  EXPECT_THAT(Told(changes, list), IsEmpty()) << "the one that can be asked for is as it was";
}

}  // namespace
}  // namespace tuckerseg
