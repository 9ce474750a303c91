#include "compression/cases/known_masks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;
using testing::Key;

CaseFiles Masked(const std::string& name, const std::vector<std::string>& masks) {
  CaseFiles files{.name = name, .ct = {}, .labels = {}, .masks = {}};
  for (const std::string& mask : masks) files.masks[mask] = mask + ".nii.gz";
  return files;
}

CaseFolder FolderOf(std::vector<CaseFiles> cases) {
  CaseFolder folder;
  folder.cases = std::move(cases);
  return folder;
}

TEST(KnownMasks, KeepsThoseOfTheKnownClasses) {
  const CaseFolder found = WithMasksOf(FolderOf({Masked("a", {"body", "liver", "spleen"}), Masked("b", {"liver", "spleen"})}), {"liver", "spleen", "heart"});
  EXPECT_THAT(found.cases[0].masks, ElementsAre(Key("liver"), Key("spleen")));
  EXPECT_THAT(found.cases[1].masks, ElementsAre(Key("liver"), Key("spleen")));
}

TEST(KnownMasks, RefusesACaseThatLacksOneThatOthersHave) {
  const auto found = [](const CaseFiles& second) { return WithMasksOf(FolderOf({Masked("a", {"liver", "spleen"}), second}), {"liver", "spleen"}); };
  ExpectError(ErrorCode::kInvalidArgument, "case b: has no mask spleen, which other cases have: must have it, empty where", [&] { found(Masked("b", {"liver"})); });
  ExpectError(ErrorCode::kInvalidArgument, "case b: has no mask liver", [&] { found(Masked("b", {"body"})); });
}

TEST(KnownMasks, LeavesCasesWithoutMasksAlone) {
  CaseFiles mapped = Masked("mapped", {});
  mapped.labels = "labels.nii.gz";
  const CaseFolder found = WithMasksOf(FolderOf({Masked("a", {"liver"}), mapped, Masked("unlabelled", {})}), {"liver"});
  EXPECT_EQ(found.cases[1].labels, "labels.nii.gz");
  EXPECT_FALSE(found.cases[2].HasLabels());
  EXPECT_THAT(WithMasksOf(FolderOf({Masked("a", {"trunk"})}), {"liver"}).cases[0].masks, ElementsAre(Key("trunk"))) << "which whoever reads them refuses";
}

}  // namespace
}  // namespace tuckerseg
