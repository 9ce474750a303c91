#include "compression/calibrate/two_walks.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "compression/train/parameters.h"
#include "tests/engine/tiny_network.h"

namespace tuckerseg {
namespace {

class TwoWalksOfTinyNetwork : public testing::Test {
 protected:
  size_t PlaceOf(const std::string& name) const {
    for (size_t i = 0; i < graph_.graph().layers.size(); ++i)
      if (graph_.graph().layers[i].name == name) return i;
    return 0;
  }

  const at::NoGradGuard no_gradients_;
  Bundle bundle_ = TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 2);
  TrainableGraph graph_{bundle_.model.parts.front().graph, false};
  Parameters original_ = LoadParameters(graph_, bundle_.weights.front(), "fold_0.", 0);
  std::vector<at::Tensor> patches_{at::randn({1, 1, 8, 8, 8}), at::randn({1, 1, 8, 8, 8})};
};

TEST_F(TwoWalksOfTinyNetwork, ShareFeaturesUntilALayerChangesAndDifferBehindIt) {
  Parameters changed = original_;
  const size_t place = PlaceOf("encoder.1.conv");
  changed["encoder.1.conv.weight"] = original_.at("encoder.1.conv.weight") * 2;
  TwoWalks walks(graph_, graph_, patches_);
  for (size_t i = 1; i < graph_.graph().layers.size(); ++i) {
    walks.RunOriginal(i, original_);
    walks.RunCompressed(i, changed, i == place);
    if (i < place) {
      EXPECT_FALSE(walks.Differ(static_cast<int>(i))) << i;
    }
  }
  EXPECT_TRUE(walks.Differ(static_cast<int>(place)));
  const int last = static_cast<int>(graph_.graph().layers.size()) - 1;
  EXPECT_TRUE(walks.Differ(last));
  for (size_t p = 0; p < patches_.size(); ++p) {
    EXPECT_TRUE(at::allclose(walks.Expected(last)[p], graph_.Forward(original_, patches_[p], Precision::kFloat32).front(), 1e-4, 1e-4));
    EXPECT_TRUE(at::allclose(walks.Given(last)[p], graph_.Forward(changed, patches_[p], Precision::kFloat32).front(), 1e-4, 1e-4));
  }
}

TEST_F(TwoWalksOfTinyNetwork, LetGoOfFeaturesBehindTheirLastReader) {
  TwoWalks walks(graph_, graph_, patches_);
  walks.RunOriginal(1, original_);
  walks.RunCompressed(1, original_, false);
  EXPECT_TRUE(walks.Expected(0).front().defined());
  walks.ReleaseBehind(1);
  EXPECT_FALSE(walks.Expected(0).front().defined()) << "the first layer alone reads the input";
  EXPECT_TRUE(walks.Expected(1).front().defined());
}

}  // namespace
}  // namespace tuckerseg
