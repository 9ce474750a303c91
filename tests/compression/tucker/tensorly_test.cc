// Against tensorly's partial_tucker and a truncated SVD by numpy, on weights of a trained network (tucker/errors.json of the test data).
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "compression/tucker/hooi.h"
#include "tests/integration/golden_files.h"

namespace tuckerseg {
namespace {

struct TensorlyCase {
  ChannelWeight weight;
  int64_t rank_in, rank_out;
  double hosvd, hooi;
};

TensorlyCase ReadCase(const nlohmann::json& entry) {
  const bool transposed = entry.at("weight_layout") == "in,out,k,k,k";
  const NpyArray array = ReadNpy(TestData() / "tucker" / (entry.at("layer").get<std::string>() + ".weight.npy"));
  Layer layer{.name = entry.at("layer"), .kind = transposed ? LayerKind::kTransposedConvolution : LayerKind::kConvolution, .inputs = {0},
              .in_channels = array.shape[transposed ? 0 : 1], .out_channels = array.shape[transposed ? 1 : 0],
              .kernel = {array.shape[2], array.shape[3], array.shape[4]}};
  const TensorView view{TensorType::kFloat32, array.shape, std::as_bytes(std::span(array.values))};
  const int64_t rank0 = entry.at("rank_mode0");
  const int64_t rank1 = entry.at("rank_mode1");
  return {ChannelWeightOf(layer, view), transposed ? rank0 : rank1, transposed ? rank1 : rank0, entry.at("relative_error_hosvd"), entry.at("relative_error_hooi")};
}

TEST(Tensorly, GivesTheSameErrorsForEveryLayerAndRankPair) {
  SKIP_WITHOUT_TEST_DATA();
  std::ifstream file(TestData() / "tucker" / "errors.json");
  int count = 0;
  const nlohmann::json golden = nlohmann::json::parse(file);
  for (const nlohmann::json& entry : golden.at("cases")) {
    const TensorlyCase one = ReadCase(entry);
    SCOPED_TRACE(entry.at("layer").get<std::string>() + " " + std::to_string(one.rank_in) + " " + std::to_string(one.rank_out));
    const ModeBases bases = BasesOf(one.weight);
    const double hosvd = RelativeError(one.weight, Hosvd(one.weight, bases, one.rank_in, one.rank_out));
    const double hooi = RelativeError(one.weight, Hooi(one.weight, bases, one.rank_in, one.rank_out));
    EXPECT_NEAR(hosvd, one.hosvd, 1e-4);
    EXPECT_NEAR(hooi, one.hooi, 1e-4);
    EXPECT_LE(hooi, hosvd + 1e-12);
    const double cut = bases.in.values.tail(one.weight.in - one.rank_in).squaredNorm() + bases.out.values.tail(one.weight.out - one.rank_out).squaredNorm();
    EXPECT_LE(hosvd * hosvd * one.weight.by_out.squaredNorm(), cut + 1e-9);
    ++count;
  }
  EXPECT_EQ(count, 20);
}

}  // namespace
}  // namespace tuckerseg
