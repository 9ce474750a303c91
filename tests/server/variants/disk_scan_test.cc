#include "server/variants/disk_scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <optional>

#include "tests/engine/model/few_descriptors.h"
#include "tests/server/variants/tiny_variants.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class StampingModels : public testing::Test {
 protected:
  StampingModels() { disk_.Add("a", {{"a", 0.5, true, 2}}, 2); }
  ModelsStamp Stamp() const { return StampModels(disk_.models()).value(); }

  const ModelOnDisk disk_{TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1)};
};

TEST_F(StampingModels, SaysTheSameOfTheSame) {
  const ModelsStamp stamp = Stamp();
  ASSERT_EQ(stamp.size(), 1U);
  const auto& [directory, bundle] = *stamp.begin();
  EXPECT_EQ(directory, disk_.bundle());
  EXPECT_GT(bundle.files.description.bytes, 0);
  EXPECT_EQ(bundle.files.weights.size(), 1U);
  EXPECT_EQ(bundle.files.card, FileStamp{});
  EXPECT_EQ(bundle.variants.size(), 1U);
  EXPECT_EQ(Stamp(), stamp);
}

TEST_F(StampingModels, TellsWeightsThatWereReplacedOrWrittenInPlace) {
  const BundleStamp before = Stamp().at(disk_.bundle());
  std::ofstream(disk_.variant("a") / "weights.safetensors", std::ios::app) << "more";
  const BundleStamp after = Stamp().at(disk_.bundle());
  EXPECT_EQ(after.files, before.files);
  EXPECT_FALSE(after.variants.at(disk_.variant("a")).IsSameModel(before.variants.at(disk_.variant("a"))));
}

TEST_F(StampingModels, TellsACardFromAnotherModel) {
  const FilesStamp before = Stamp().at(disk_.bundle()).variants.at(disk_.variant("a"));
  disk_.Write("a", "card.json", TinyCard("a", 0.93, 0.91));
  const FilesStamp after = Stamp().at(disk_.bundle()).variants.at(disk_.variant("a"));
  EXPECT_NE(after, before);
  EXPECT_TRUE(after.IsSameModel(before));
}

TEST_F(StampingModels, PassesOverWhatIsBeingWritten) {
  const ModelsStamp before = Stamp();
  std::filesystem::create_directories(disk_.models() / "new.unfinished-1");
  std::ofstream(disk_.models() / "new.unfinished-1" / "model.json") << "{}";
  std::filesystem::create_directories(disk_.models() / "no-bundle");
  EXPECT_EQ(Stamp(), before);
}

TEST_F(StampingModels, LooksAtTheWeightsOfEveryPart) {
  std::filesystem::create_directories(disk_.bundle() / "parts" / "organs");
  std::ofstream(disk_.bundle() / "parts" / "organs" / "weights.safetensors") << "x";
  EXPECT_TRUE(Stamp().at(disk_.bundle()).files.weights.contains("parts/organs/weights.safetensors"));
}

TEST_F(StampingModels, LooksAtTheOthersBesideABundleThatCannotBeListed) {
  const BundleStamp before = Stamp().at(disk_.bundle());
  for (const char* unreadable : {"variants", "parts"}) {
    std::filesystem::create_directories(disk_.models() / unreadable);
    std::ofstream(disk_.models() / unreadable / "model.json") << "{}";
    std::ofstream(disk_.models() / unreadable / unreadable) << "a file";
    const ModelsStamp stamp = Stamp();
    EXPECT_EQ(stamp.at(disk_.bundle()), before);
    EXPECT_FALSE(stamp.at(disk_.models() / unreadable).readable) << unreadable;
  }
}

TEST_F(StampingModels, SaysNothingOfADirectoryThatCannotBeRead) {
  EXPECT_FALSE(StampModels(disk_.models() / "none"));
  std::filesystem::remove_all(disk_.bundle());
  EXPECT_THAT(StampModels(disk_.models()).value(), IsEmpty()) << "nothing is not unreadable";
}

TEST_F(StampingModels, TakesNothingForGoneWhereThereAreTooFewDescriptors) {
  const ModelsStamp all = Stamp();
  const auto with = [this](int descriptors) {
    const FewDescriptors few(descriptors);
    return StampModels(disk_.models());
  };
  EXPECT_FALSE(with(0));
  EXPECT_EQ(with(1), all);
}

BundleStamp Version(int64_t number) { return {.files = {.description = {.inode = 1, .bytes = number, .modified_ns = 0, .changed_ns = 0}, .weights = {}, .card = {}}, .variants = {}}; }

BundleStamp Unreadable(int64_t number) {
  BundleStamp stamp = Version(number);
  stamp.readable = false;
  return stamp;
}

BundleStamp Unread(int64_t number) {
  BundleStamp stamp = Version(number);
  stamp.is_whole = false;
  return stamp;
}

struct Case {
  const char* says;
  ModelsStamp served, before, now;
  std::vector<std::filesystem::path> changed, gone;
};

TEST(ChangesOnDisk, AreWhatTwoLooksAgreeOn) {
  const std::vector<Case> cases{
      {"nothing is there", {}, {}, {}, {}, {}},
      {"nothing has changed", {{"a", Version(1)}}, {{"a", Version(1)}}, {{"a", Version(1)}}, {}, {}},
      {"new, seen for the first time", {}, {}, {{"a", Version(1)}}, {}, {}},
      {"new, and still", {}, {{"a", Version(1)}}, {{"a", Version(1)}}, {"a"}, {}},
      {"new, and still written", {}, {{"a", Version(1)}}, {{"a", Version(2)}}, {}, {}},
      {"replaced, seen for the first time", {{"a", Version(1)}}, {{"a", Version(1)}}, {{"a", Version(2)}}, {}, {}},
      {"replaced, and still", {{"a", Version(1)}}, {{"a", Version(2)}}, {{"a", Version(2)}}, {"a"}, {}},
      {"away for one look", {{"a", Version(1)}}, {{"a", Version(1)}}, {}, {}, {}},
      {"gone", {{"a", Version(1)}}, {}, {}, {}, {"a"}},
      {"back as it was", {{"a", Version(1)}}, {}, {{"a", Version(1)}}, {}, {}},
      {"not to be listed for a while", {{"a", Version(1)}}, {{"a", Unreadable(1)}}, {{"a", Unreadable(1)}}, {}, {}},
      {"not to be listed when it comes", {}, {{"a", Unreadable(1)}}, {{"a", Unreadable(1)}}, {"a"}, {}},
      {"not to be listed, and replaced", {{"a", Unreadable(1)}}, {{"a", Unreadable(2)}}, {{"a", Unreadable(2)}}, {"a"}, {}},
      {"to be listed at last", {{"a", Unreadable(1)}}, {{"a", Version(1)}}, {{"a", Version(1)}}, {"a"}, {}},
      {"not to be listed, and then gone", {{"a", Version(1)}}, {}, {}, {}, {"a"}},
      {"not read as a whole when it was described", {{"a", Unread(1)}}, {{"a", Version(1)}}, {{"a", Version(1)}}, {"a"}, {}},
      {"each by itself", {{"a", Version(1)}, {"b", Version(1)}}, {{"b", Version(2)}, {"c", Version(1)}}, {{"b", Version(2)}, {"c", Version(2)}}, {"b"}, {"a"}},
  };
  for (const Case& one : cases) {
    const DiskChanges changes = ChangesOnDisk(one.served, one.before, one.now);
    EXPECT_EQ(changes.changed, one.changed) << one.says;
    EXPECT_EQ(changes.gone, one.gone) << one.says;
    EXPECT_EQ(changes.empty(), one.changed.empty() && one.gone.empty()) << one.says;
  }
}

}  // namespace
}  // namespace tuckerseg
