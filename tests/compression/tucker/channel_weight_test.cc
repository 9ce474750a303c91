#include "compression/tucker/channel_weight.h"

#include <gmock/gmock.h>

#include <cstring>
#include <limits>

#include "engine/error.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;

/// Holds values and looks at them.
struct Stored {
  std::vector<float> values;
  std::vector<int64_t> shape;
  TensorView View() const { return {TensorType::kFloat32, shape, std::as_bytes(std::span(values))}; }
};

Layer Convolution(LayerKind kind) {
  return {.name = "conv", .kind = kind, .inputs = {0}, .in_channels = 3, .out_channels = 2, .kernel = {1, 1, 1}, .stride = {1, 1, 1}};
}

TEST(ChannelWeight, HasOneRowForEachOutputChannel) {
  const Stored stored{{1, 2, 3, 4, 5, 6}, {2, 3, 1, 1, 1}};
  const ChannelWeight weight = ChannelWeightOf(Convolution(LayerKind::kConvolution), stored.View());
  EXPECT_EQ(weight.by_out, (Matrix(2, 3) << 1, 2, 3, 4, 5, 6).finished());
  EXPECT_EQ(weight.ByIn(), (Matrix(3, 2) << 1, 4, 2, 5, 3, 6).finished());
}

TEST(ChannelWeight, OfATransposedConvolutionIsTurnedRoundSinceItsInputChannelsComeFirst) {
  const Stored stored{{1, 2, 3, 4, 5, 6}, {3, 2, 1, 1, 1}};
  const ChannelWeight weight = ChannelWeightOf(Convolution(LayerKind::kTransposedConvolution), stored.View());
  EXPECT_EQ(weight.by_out, (Matrix(2, 3) << 1, 3, 5, 2, 4, 6).finished());
}

TEST(ChannelWeight, KeepsTheTapsOfAChannelTogether) {
  Layer layer = Convolution(LayerKind::kConvolution);
  layer.in_channels = 2;
  layer.out_channels = 1;
  layer.kernel = {1, 1, 3};
  const Stored stored{{1, 2, 3, 4, 5, 6}, {1, 2, 1, 1, 3}};
  EXPECT_EQ(ChannelWeightOf(layer, stored.View()).ByIn(), (Matrix(2, 3) << 1, 2, 3, 4, 5, 6).finished());
}

TEST(ChannelWeight, IsRefusedWhereItIsNotTheLayers) {
  const Stored stored{{1, 2, 3, 4, 5, 6}, {3, 2, 1, 1, 1}};
  ExpectError(ErrorCode::kInvalidArgument, "layer conv: the weight's shape", [&] { ChannelWeightOf(Convolution(LayerKind::kConvolution), stored.View()); });
  ExpectError(ErrorCode::kInvalidArgument, "layer conv: must be a convolution", [&] { ChannelWeightOf(Convolution(LayerKind::kLeakyRelu), stored.View()); });
}

TEST(ChannelWeight, IsRefusedWithANumberThatIsNotFinite) {
  const Stored stored{{1, 2, std::numeric_limits<float>::quiet_NaN(), 4, 5, 6}, {2, 3, 1, 1, 1}};
  ExpectError(ErrorCode::kDataLoss, "layer conv", [&] { ChannelWeightOf(Convolution(LayerKind::kConvolution), stored.View()); });
}

TEST(StoredCore, HasTheLayoutOfTheLayersKind) {
  const Matrix core = (Matrix(2, 6) << 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12).finished();  // ranks 2 and 3, 2 taps
  EXPECT_THAT(StoredCore(Convolution(LayerKind::kTuckerConvolution), core, 3), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
  EXPECT_THAT(StoredCore(Convolution(LayerKind::kTuckerTransposedConvolution), core, 3), ElementsAre(1, 2, 7, 8, 3, 4, 9, 10, 5, 6, 11, 12));
}

}  // namespace
}  // namespace tuckerseg
