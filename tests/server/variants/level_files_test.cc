#include "server/variants/level_files.h"

#include <gtest/gtest.h>

#include "server/variants/described_bundle.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/server/variants/tiny_variants.h"

namespace tuckerseg {
namespace {

class ReadingALevel : public testing::Test {
 protected:
  ReadingALevel() { disk_.Add("elastic", {{"large", 0.9, true, 4}, {"small", 0.4, false, 2}}, 2); }
  DescribedLevel Described(size_t place) const { return DescribeBundle(disk_.bundle(), false).levels.at(place); }
  static Bundle Read(const DescribedLevel& level) { return ReadLevel(level.files, *level.level.model); }

  const ModelOnDisk disk_{TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1)};
};

TEST_F(ReadingALevel, GivesTheModelInItsFormWithItsWeights) {
  for (const size_t place : {0, 1, 2}) {
    const DescribedLevel level = Described(place);
    const Bundle bundle = Read(level);
    EXPECT_EQ(bundle.model, *level.level.model);
    EXPECT_EQ(bundle.weights.front().TotalBytes(), level.level.weight_bytes);
  }
}

TEST_F(ReadingALevel, RefusesDamagedWeights) {
  const DescribedLevel small = Described(2);
  disk_.SpoilWeights("elastic");
  ExpectError(ErrorCode::kDataLoss, "pass the end of the file", [&] { Read(small); });
}

TEST_F(ReadingALevel, RefusesWeightsOfAnotherChecksum) {
  const DescribedLevel large = Described(1);
  SaveVariant(TinyVariant(disk_.model(), {{"large", 0.9, true, 4}}, 3), disk_.model(), disk_.variant("other"));
  std::filesystem::copy_file(disk_.variant("other") / "weights.safetensors", disk_.variant("elastic") / "weights.safetensors",
                             std::filesystem::copy_options::overwrite_existing);
  ExpectError(ErrorCode::kDataLoss, "weights: have another checksum", [&] { Read(large); });
}

TEST_F(ReadingALevel, RefusesWhatHasBeenReplacedSinceItWasFound) {
  const DescribedLevel small = Described(2);
  std::filesystem::remove_all(disk_.variant("elastic"));
  disk_.Add("elastic", {{"large", 0.9, true, 4}, {"small", 0.4, false, 2}}, 7);
  ExpectError(ErrorCode::kFailedPrecondition, "level: its files have been replaced since it was found: ask again", [&] { Read(small); });
  std::filesystem::remove_all(disk_.variant("elastic"));
  ExpectError(ErrorCode::kNotFound, "variant: has no readable variant.json", [&] { Read(small); });
}

TEST_F(ReadingALevel, RefusesAnOriginalOfAnotherModel) {
  const DescribedLevel original = Described(0);
  std::filesystem::remove_all(disk_.bundle());
  SaveBundle(TinyBundle(TinyUnet(2, 3), {8, 8, 8}, 1), disk_.bundle());
  ExpectError(ErrorCode::kFailedPrecondition, "level: its files have been replaced", [&] { Read(original); });
}

}  // namespace
}  // namespace tuckerseg
