/// A look at the models that finds no memory, wherever in it: nothing has changed, and the next look is another try.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/execute/plain/plain_executor.h"
#include "server/variants/catalogue.h"
#include "tests/fault/large_allocations.h"
#include "tests/server/variants/tiny_variants.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;

/// Far more than there are.
constexpr int kMostAllocations = 2000;

class RescanWithoutMemory : public testing::Test {
 protected:
  RescanWithoutMemory() {
    devices_.Add({}, {PlainExecutorFactory()}, int64_t{1} << 30);
    CatalogueOptions options{.directory = disk_.models(), .warm_up = [](Segmenter&) { return 0.25; }};
    options.describe = [this](const std::filesystem::path& directory, bool allow_non_commercial) {
      DescribedBundle bundle = DescribeBundle(directory, allow_non_commercial);
      if (directory.filename() == "lung") LargeAllocations::FailHere(number_);  // the last one: what follows is the catalogue's own
      return bundle;
    };
    catalogue_.emplace(std::move(options), devices_, host_, metrics_);
  }

  /// Looks; once all files have been read the `number`-th allocation fails. Whether it came to that.
  bool LookFailsAt(int number) {
    number_ = number;
    bool failed = false;
    try {
      catalogue_->Rescan();
    } catch (const std::bad_alloc&) {
      failed = true;
    }
    EXPECT_EQ(LargeAllocations::Disarm(), failed);
    return failed;
  }
  std::vector<std::string> Names() const {
    const std::shared_ptr<const CatalogueView> view = catalogue_->View();
    std::vector<std::string> names;
    for (const auto& [task, model] : view->models)
      for (const ServedLevel& level : model.levels) names.push_back(task + " " + level.name);
    return names;
  }

  const ModelOnDisk disk_{TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1)};
  int number_ = 0;
  Metrics metrics_{"test", {"cpu"}};
  MemoryBudget host_{int64_t{1} << 30};
  Devices devices_;
  std::optional<Catalogue> catalogue_;
};

TEST_F(RescanWithoutMemory, ChangesNothingAndIsTriedAgain) {
  Bundle lung = TinyBundle(TinyUnet(2, 3), {8, 8, 8}, 4);
  lung.model.task = "lung";
  SaveBundle(lung, disk_.models() / "lung");
  disk_.Add("b", {{"b", 0.3, true, 1}}, 3);
  ASSERT_FALSE(catalogue_->Rescan()) << "it may still be written";
  int number = 1;
  for (; number < kMostAllocations && LookFailsAt(number); ++number) ASSERT_THAT(Names(), ElementsAre("tiny original")) << number;
  EXPECT_GT(number, 10) << "it needs memory in many places";
  EXPECT_THAT(Names(), ElementsAre("lung original", "tiny original", "tiny b"));
  EXPECT_FALSE(catalogue_->Rescan()) << "all is as it was seen";
}

}  // namespace
}  // namespace tuckerseg
