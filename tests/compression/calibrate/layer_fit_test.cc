#include "compression/calibrate/layer_fit.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "compression/calibrate/layerwise.h"
#include "compression/rank/rewrite.h"
#include "compression/tucker/hosvd.h"
#include "engine/error.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

/// One layer with activations whose channels follow from fewer directions, so that data and weights ask for different subspaces.
class OneLayer {
 public:
  OneLayer(LayerKind kind, Size3 kernel, Size3 stride, bool normalised, bool bias = true) {
    at::manual_seed(5);
    layer_ = {.name = "layer", .kind = kind, .inputs = {0}, .in_channels = 8, .out_channels = 6, .kernel = kernel, .stride = stride, .bias = bias};
    const bool transposed = IsTransposed(kind);
    weight_ = at::randn({transposed ? 8 : 6, transposed ? 6 : 8, kernel[0], kernel[1], kernel[2]});
    bias_ = at::randn({6}) * (bias ? 1 : 0);
    const at::Tensor mixing = at::matmul(at::randn({8, 3}), at::randn({3, 8})) + 0.1 * at::randn({8, 8});
    for (int p = 0; p < 4; ++p) {
      const at::Tensor source = at::randn({8, 6 * 8 * 8}) + 2;
      activations_.inputs.push_back(at::matmul(mixing, source).view({1, 8, 6, 8, 8}));
      activations_.targets.push_back(Run(activations_.inputs.back()));
    }
    activations_.bias = bias_;
    activations_.normalised = normalised;
  }

  at::Tensor Run(const at::Tensor& input) const {
    if (IsTransposed(layer_.kind)) return at::conv_transpose3d(input, weight_, bias_, layer_.stride);
    return at::conv3d(input, weight_, bias_, layer_.stride, {(layer_.kernel[0] - 1) / 2, (layer_.kernel[1] - 1) / 2, (layer_.kernel[2] - 1) / 2});
  }

  LayerFit Fit() const { return LayerFit(layer_, weight_, activations_, 8, {.samples = 4000, .seed = 1}); }

  /// Share of the outputs' variance that a form loses on fresh activations.
  double LostShare(const TuckerWeight& form, const Vector& bias) const {
    FittedLayer fitted{form, bias, 0};
    const Layer tucker = InTuckerForm(layer_, {form.rank_in(), form.rank_out()});
    const LayerGraph graph{{{.name = "input", .kind = LayerKind::kInput, .in_channels = 8, .out_channels = 8}, tucker}};
    Parameters parameters;
    PutFitted(tucker, fitted, parameters);
    double lost = 0;
    double all = 0;
    for (size_t p = 0; p < activations_.inputs.size(); ++p) {
      std::vector<at::Tensor> features{activations_.inputs[p], {}};
      // A transposed layer alone undoes no stride, which a whole graph must: the layers are run one by one here.
      const at::Tensor in = at::matmul(parameters.at("layer.in_factor").t(), features[0][0].reshape({8, -1})).view({1, form.rank_in(), 6, 8, 8});
      const at::Tensor core = IsTransposed(layer_.kind) ? at::conv_transpose3d(in, parameters.at("layer.core"), {}, layer_.stride)
                                                        : at::conv3d(in, parameters.at("layer.core"), {}, layer_.stride,
                                                                     {(layer_.kernel[0] - 1) / 2, (layer_.kernel[1] - 1) / 2, (layer_.kernel[2] - 1) / 2});
      const at::Tensor out = at::conv3d(core, parameters.at("layer.out_factor").view({6, form.rank_out(), 1, 1, 1}),
                                        layer_.bias ? parameters.at("layer.bias") : at::Tensor());
      const at::Tensor target = activations_.targets[p];
      lost += (out - target).square().sum().item<double>();
      all += (target - target.mean(at::IntArrayRef{0, 2, 3, 4}, true)).square().sum().item<double>();
    }
    return lost / all;
  }

  const Layer& layer() const { return layer_; }
  const at::Tensor& weight() const { return weight_; }
  Vector bias() const { return Eigen::Map<const Eigen::VectorXf>(bias_.const_data_ptr<float>(), 6).cast<double>(); }

 private:
  Layer layer_;
  at::Tensor weight_;
  at::Tensor bias_;
  LayerActivations activations_;
};

TuckerWeight ByWeights(const OneLayer& one, RankPair ranks) {
  const TensorView view{TensorType::kFloat32, one.weight().sizes().vec(), {reinterpret_cast<const std::byte*>(one.weight().const_data_ptr()), one.weight().nbytes()}};
  return Hosvd(ChannelWeightOf(one.layer(), view), ranks.in, ranks.out);
}

struct Shape {
  LayerKind kind;
  Size3 kernel, stride;
  bool bias = true;
};
class LayerFitOf : public testing::TestWithParam<Shape> {
 protected:
  OneLayer one_{GetParam().kind, GetParam().kernel, GetParam().stride, false, GetParam().bias};
};

TEST_P(LayerFitOf, AtFullRankGivesTheLayersOutputs) {
  const FittedLayer fitted = one_.Fit().Fit({8, 6});
  EXPECT_LT(one_.LostShare(fitted.form, fitted.bias), 1e-3);
}

TEST_P(LayerFitOf, LosesLessOfTheOutputsThanADecompositionOfTheWeights) {
  const LayerFit fit = one_.Fit();
  for (const RankPair ranks : {RankPair{2, 3}, {3, 2}, {4, 4}}) {
    const FittedLayer fitted = fit.Fit(ranks);
    EXPECT_LT(one_.LostShare(fitted.form, fitted.bias), 0.7 * one_.LostShare(ByWeights(one_, ranks), one_.bias())) << ranks.in << " " << ranks.out;
  }
}

TEST_P(LayerFitOf, LosesNoMoreAtALargerRank) {
  const LayerFit fit = one_.Fit();
  for (const int64_t in : {1, 3, 8}) {
    const std::vector<double> errors = fit.Errors(in);
    ASSERT_EQ(errors.size(), 6U);
    for (size_t r = 1; r < errors.size(); ++r) EXPECT_LE(errors[r], errors[r - 1] + 0.02) << in << " " << r;
  }
  EXPECT_LT(fit.Errors(8).back(), fit.Errors(1).back());
}

INSTANTIATE_TEST_SUITE_P(Kinds, LayerFitOf,
                         testing::Values(Shape{LayerKind::kConvolution, {3, 3, 3}, {1, 1, 1}}, Shape{LayerKind::kConvolution, {1, 3, 3}, {1, 2, 2}},
                                         Shape{LayerKind::kConvolution, {1, 1, 1}, {1, 1, 1}}, Shape{LayerKind::kTransposedConvolution, {2, 2, 2}, {2, 2, 2}},
                                         Shape{LayerKind::kConvolution, {3, 3, 3}, {1, 1, 1}, false}));

TEST(LayerFit, SaysHowMuchIsLostOnPatchesThatItDidNotFit) {
  const OneLayer one(LayerKind::kConvolution, {3, 3, 3}, {1, 1, 1}, false);
  const FittedLayer fitted = one.Fit().Fit({2, 3});
  EXPECT_NEAR(fitted.error, one.LostShare(fitted.form, fitted.bias), 0.1);
}

TEST(LayerFit, HoldsVoxelsOutWhereThereIsOnePatch) {
  // 216 voxels for 2 x 27 unknowns of noise: without held-out voxels the fit would seem to explain a good part of it.
  LayerActivations activations;
  const Layer layer{.name = "layer", .kind = LayerKind::kConvolution, .inputs = {0}, .in_channels = 2, .out_channels = 3, .kernel = {3, 3, 3}};
  at::manual_seed(1);
  activations.inputs = {at::randn({1, 2, 6, 6, 6})};
  activations.targets = {at::randn({1, 3, 6, 6, 6})};
  activations.bias = at::zeros({3});
  activations.normalised = true;
  const FittedLayer fitted = LayerFit(layer, at::zeros({3, 2, 3, 3, 3}), activations, 2, {}).Fit({2, 3});
  EXPECT_GT(fitted.error, 0.95);
}

TEST(LayerFit, IsTheSameFromRunToRun) {
  const OneLayer one(LayerKind::kConvolution, {3, 3, 3}, {1, 1, 1}, true);
  EXPECT_EQ(one.Fit().Fit({2, 3}).form.core, one.Fit().Fit({2, 3}).form.core);
}

TEST(LayerFit, TakesChannelsThatNeverChange) {
  LayerActivations activations;
  const Layer layer{.name = "layer", .kind = LayerKind::kConvolution, .inputs = {0}, .in_channels = 4, .out_channels = 3, .kernel = {3, 3, 3}, .bias = true};
  const at::Tensor weight = at::ones({3, 4, 3, 3, 3});
  for (int p = 0; p < 2; ++p) {
    activations.inputs.push_back(at::zeros({1, 4, 4, 4, 4}));
    activations.targets.push_back(at::full({1, 3, 4, 4, 4}, 2.0));
  }
  activations.bias = at::full({3}, 2.0);
  activations.normalised = true;
  const FittedLayer fitted = LayerFit(layer, weight, activations, 2, {}).Fit({2, 2});
  EXPECT_TRUE(fitted.form.core.allFinite() && fitted.form.in_factor.allFinite() && fitted.form.out_factor.allFinite());
  EXPECT_NEAR(fitted.bias[0], 2.0, 1e-6);
}

TEST(LayerFit, RefusesRanksThatTheLayerDoesNotHave) {
  const OneLayer one(LayerKind::kConvolution, {1, 1, 1}, {1, 1, 1}, false);
  ExpectError(ErrorCode::kInvalidArgument, "layer layer: ranks 9, 6", [&] { one.Fit().Fit({9, 6}); });
  ExpectError(ErrorCode::kInvalidArgument, "layer layer: ranks 8, 0", [&] { one.Fit().Fit({8, 0}); });
}

}  // namespace
}  // namespace tuckerseg
