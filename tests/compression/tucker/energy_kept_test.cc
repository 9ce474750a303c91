#include "compression/tucker/energy_kept.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "compression/tucker/decompose.h"
#include "compression/tucker/hosvd.h"
#include "tests/engine/model/variant_samples.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

using testing::DoubleNear;
using testing::Pair;
using testing::UnorderedElementsAre;

/// A model of one TinyUnet and its HOSVD with "decoder.0.conv" and "up" at ranks (in, out).
class KeptEnergy : public testing::Test {
 protected:
  WeightStore Decompose(const LayerGraph& graph) const {
    return DecomposePart(Part(), graph, bundle_.weights.front(), DecompositionMethod::kHosvd, TensorType::kFloat32, 1);
  }
  std::map<std::string, double> Kept(int64_t in, int64_t out) const {
    const LayerGraph graph = TuckerUnet(in, out);
    return EnergyKept(Part(), bundle_.weights.front(), graph, Decompose(graph));
  }
  const ModelPart& Part() const { return bundle_.model.parts.front(); }

  Bundle bundle_ = TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1);
};

TEST_F(KeptEnergy, IsAllAtFullRankAndNamesTuckerLayersAlone) {
  EXPECT_THAT(Kept(8, 4), UnorderedElementsAre(Pair("decoder.0.conv", DoubleNear(1, 1e-6)), Pair("up", DoubleNear(1, 1e-6))));
}

TEST_F(KeptEnergy, OfTheHosvdIsWhatTheCoreHolds) {
  // Orthonormal factors keep the norm of the core (De Lathauwer 2000, property 3).
  const LayerGraph graph = TuckerUnet(3, 2);
  const WeightStore compressed = Decompose(graph);
  const std::map<std::string, double> kept = EnergyKept(Part(), bundle_.weights.front(), graph, compressed);
  for (const char* name : {"decoder.0.conv", "up"}) {
    double core = 0, whole = 0;
    for (const float value : ToFloat(compressed.At(std::string("fold_0.") + name + ".core"))) core += std::pow(value, 2);
    for (const float value : ToFloat(bundle_.weights.front().At(std::string("fold_0.") + name + ".weight"))) whole += std::pow(value, 2);
    EXPECT_NEAR(kept.at(name), core / whole, 1e-6) << name;
    EXPECT_LT(kept.at(name), 0.99) << name;
  }
}

TEST_F(KeptEnergy, IsBelowZeroWhereTheFormIsFartherAwayThanZeros) {
  const LayerGraph graph = TuckerUnet(8, 4);
  WeightStore compressed;
  const WeightStore decomposed = Decompose(graph);
  for (const auto& [name, tensor] : decomposed.tensors()) {
    std::vector<float> values = ToFloat(tensor);
    if (name == "fold_0.up.out_factor")
      for (float& value : values) value *= -1;
    compressed.AddFloats(name, TensorType::kFloat32, tensor.shape, values);
  }
  EXPECT_NEAR(EnergyKept(Part(), bundle_.weights.front(), graph, compressed).at("up"), -3, 1e-5) << "||W + W||^2 is 4 ||W||^2";
}

TEST_F(KeptEnergy, CountsAllFolds) {
  const std::map<std::string, double> of_first = Kept(3, 2);
  bundle_.model.parts.front().folds = {"0", "1"};
  const WeightStore second = RandomWeights(Part().graph, "fold_1.", 2);
  for (const auto& [name, tensor] : second.tensors()) bundle_.weights.front().Add(name, tensor.type, tensor.shape, {tensor.bytes.begin(), tensor.bytes.end()});
  const double of_both = Kept(3, 2).at("up");
  EXPECT_NE(of_both, of_first.at("up"));
  EXPECT_GT(of_both, 0);
  EXPECT_LT(of_both, 1);
}

TEST_F(KeptEnergy, LeavesOutLayersWhoseChannelsAreNotTheModels) {
  const LayerGraph wider = Decomposed(TinyUnet(8, 3), "up", 2, 2);
  EXPECT_TRUE(EnergyKept(Part(), bundle_.weights.front(), wider, RandomWeights(wider, "fold_0.", 1)).empty());
}

TEST_F(KeptEnergy, RefusesATensorThatIsAbsent) {
  ExpectError(ErrorCode::kFailedPrecondition, "up.core: missing", [&] { EnergyKept(Part(), bundle_.weights.front(), TuckerUnet(3, 2), bundle_.weights.front()); });
}

}  // namespace
}  // namespace tuckerseg
