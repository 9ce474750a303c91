#include "compression/bench/bundle_variants.h"

#include <gmock/gmock.h>

#include "compression/prune/prune.h"
#include "engine/error.h"
#include "engine/model/cost.h"
#include "engine/model/variant.h"
#include "engine/segment/linear_head.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

class BundleVariantsTest : public testing::Test {
 protected:
  BundleVariantsTest() {
    SaveBundle(TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1), directory_);
    const Bundle bundle = LoadBundle(directory_);
    PrunedPart pruned = PrunePart(bundle.model.parts.front(), bundle.weights.front(), 0.5);
    VariantFiles files;
    files.variant = {.model = "tiny", .model_sha256 = bundle.model.provenance.weights_sha256, .method = "pruning"};
    files.variant.levels = {{.name = "half", .level = 0.5, .graphs = {pruned.graph}}};
    files.weights = {pruned.weights};
    SaveVariant(files, bundle.model, directory_ / "variants" / "half");
  }

  const TemporaryDirectory folder_;
  const std::filesystem::path directory_ = folder_.path() / "bundle";
};

TEST_F(BundleVariantsTest, AreTheOriginalAndAllLevelsUnlessTheyAreNamed) {
  const auto all = LoadBundleVariants(directory_, {});
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].name, "original");
  EXPECT_EQ(all[1].name, "half");
  EXPECT_EQ(all[1].directory, directory_ / "variants" / "half");
  EXPECT_NE(all[0].fresh_card.weights_sha256, all[1].fresh_card.weights_sha256);
  EXPECT_EQ(LoadBundleVariants(directory_, {"half"}).size(), 1U);
}

TEST_F(BundleVariantsTest, SayInAFreshCardWhatTheyAreAndCost) {
  const BundleVariant half = LoadBundleVariants(directory_, {"half"}).front();
  EXPECT_EQ(half.fresh_card.variant, "half");
  EXPECT_EQ(half.fresh_card.method, "pruning");
  EXPECT_EQ(half.fresh_card.level, 0.5);
  EXPECT_EQ(half.fresh_card.parameters, ParameterCount(half.bundle.model));
  EXPECT_EQ(half.fresh_card.multiply_adds_per_patch, TotalMultiplyAdds(half.bundle.model));
  EXPECT_EQ(half.fresh_card.weight_bytes, 4 * ParameterCount(half.bundle.model));
  EXPECT_EQ(half.fresh_card.data, CardData()) << "no case was measured";
}

TEST_F(BundleVariantsTest, AreListedWhenAnotherIsAskedFor) {
  ExpectError(ErrorCode::kNotFound, "variant third: must be one of original, half", [&] { LoadBundleVariants(directory_, {"third"}); });
}

TEST_F(BundleVariantsTest, RunOnThePartsPatchOrAnother) {
  const BundleVariant original = LoadBundleVariants(directory_, {"original"}).front();
  EXPECT_EQ(NetworksOf(original, {}).networks.front().patch, (Size3{8, 8, 8}));
  const VariantNetworks networks = NetworksOf(original, Size3{4, 4, 4});
  EXPECT_EQ(networks.networks.front().patch, (Size3{4, 4, 4}));
  EXPECT_EQ(networks.MultiplyAdds(), TotalMultiplyAdds(original.bundle.model.parts.front().graph, {4, 4, 4}));
  ExpectError(ErrorCode::kInvalidArgument, "patch[0] = 3: must be a positive multiple of 2", [&] { NetworksOf(original, Size3{3, 4, 4}); });
}

TEST_F(BundleVariantsTest, RunWithoutAHeadThatTheServerRunsOnSummedFeatures) {
  const std::filesystem::path many = folder_.path() / "many";
  SaveBundle(TinyBundle(TinyUnet(4, 9), {8, 8, 8}, 1), many);
  const BundleVariant original = LoadBundleVariants(many, {}).front();
  ASSERT_TRUE(LinearHead::Pays(original.bundle.model.parts.front()));
  EXPECT_EQ(NetworksOf(original, {}).networks.front().graph, LinearHead::TrunkOf(original.bundle.model.parts.front().graph));
  const BundleVariant few = LoadBundleVariants(directory_, {"original"}).front();
  EXPECT_EQ(NetworksOf(few, {}).networks.front().graph, few.bundle.model.parts.front().graph);
}

}  // namespace
}  // namespace tuckerseg
