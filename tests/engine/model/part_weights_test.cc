#include "engine/model/part_weights.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "engine/model/safetensors.h"
#include "tests/engine/model/byte_strings.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/engine/tiny_network.h"
#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

namespace fs = std::filesystem;

std::vector<ModelPart> Parts(const std::vector<std::string>& names) {
  std::vector<ModelPart> parts;
  for (const std::string& name : names) {
    parts.push_back(TinyBundle(TinyUnet(4, 3), {8, 8, 8}, 1).model.parts.front());
    parts.back().name = name;
  }
  return parts;
}

WeightStore Weights(unsigned seed) { return RandomWeights(TinyUnet(4, 3), "fold_0.", seed); }

class PartWeightsTest : public testing::Test {
 protected:
  const TemporaryDirectory folder_;
};

TEST_F(PartWeightsTest, OfOnePartLieAtTheTopAndOfSeveralUnderTheirNames) {
  WritePartWeights(folder_.path() / "one", Parts({"network"}), {Weights(1)});
  EXPECT_TRUE(fs::exists(folder_.path() / "one" / "weights.safetensors"));
  WritePartWeights(folder_.path() / "two", Parts({"organs", "ribs"}), {Weights(1), Weights(2)});
  EXPECT_TRUE(fs::exists(folder_.path() / "two" / "parts" / "ribs" / "weights.safetensors"));
  EXPECT_FALSE(fs::exists(folder_.path() / "two" / "weights.safetensors"));
}

TEST_F(PartWeightsTest, AreReadInTheOrderOfThePartsWithTheChecksumThatWasForeseen) {
  const std::vector<WeightStore> weights{Weights(1), Weights(2)};
  WritePartWeights(folder_.path(), Parts({"ribs", "organs"}), weights);
  const PartWeights read = ReadPartWeights(folder_.path(), Parts({"ribs", "organs"}), PartWeightsSha256(weights));
  ASSERT_EQ(read.weights.size(), 2U);
  for (size_t i = 0; i < 2; ++i) EXPECT_EQ(EncodeSafetensors(read.weights[i]), EncodeSafetensors(weights[i]));
  EXPECT_EQ(read.sha256, PartWeightsSha256(weights));
  EXPECT_NE(read.sha256, PartWeightsSha256({weights[1], weights[0]}));
}

TEST_F(PartWeightsTest, AreRefusedWithAnotherChecksumUnlessNoneIsExpected) {
  WritePartWeights(folder_.path(), Parts({"network"}), {Weights(1)});
  ExpectError(ErrorCode::kDataLoss, "weights: have another checksum than weights_sha256", [&] { ReadPartWeights(folder_.path(), Parts({"network"}), std::string(64, '0')); });
  EXPECT_EQ(ReadPartWeights(folder_.path(), Parts({"network"}), "").sha256, PartWeightsSha256({Weights(1)}));
}

TEST_F(PartWeightsTest, HaveTheChecksumOfTheirOwnBytesWhileOtherFilesTakeTheirName) {
  const std::vector<ModelPart> parts = Parts({"network"});
  for (const char* of : {"1", "2", "served"}) WritePartWeights(folder_.path() / of, parts, {Weights(*of == '2' ? 2 : 1)});
  const fs::path name = folder_.path() / "served" / "weights.safetensors";
  const std::jthread renewing([&](const std::stop_token& stop) {
    for (int next = 2; !stop.stop_requested(); next = 3 - next) {
      fs::copy_file(folder_.path() / std::to_string(next) / "weights.safetensors", folder_.path() / "next");
      fs::rename(folder_.path() / "next", name);
    }
  });
  for (int look = 0; look < 300; ++look) {
    const PartWeights read = ReadPartWeights(folder_.path() / "served", parts, "");
    ASSERT_EQ(read.sha256, PartWeightsSha256(read.weights)) << "look " << look;
  }
}

TEST_F(PartWeightsTest, TakeWhatTheirFilesDoAsFarAsTheyAreThere) {
  EXPECT_EQ(PartWeightsBytes(folder_.path(), Parts({"ribs", "organs"})), 0);
  WritePartWeights(folder_.path(), Parts({"ribs", "organs"}), {Weights(1), Weights(2)});
  const auto size = [&](const char* part) { return static_cast<int64_t>(fs::file_size(folder_.path() / "parts" / part / "weights.safetensors")); };
  EXPECT_EQ(PartWeightsBytes(folder_.path(), Parts({"ribs", "organs"})), size("ribs") + size("organs"));
  fs::remove(folder_.path() / "parts" / "ribs" / "weights.safetensors");
  EXPECT_EQ(PartWeightsBytes(folder_.path(), Parts({"ribs", "organs"})), size("organs"));
}

TEST_F(PartWeightsTest, AreNotThereOrDamaged) {
  ExpectError(ErrorCode::kNotFound, "weights: cannot be opened", [&] { ReadPartWeights(folder_.path(), Parts({"network"}), ""); });
  folder_.Write("weights.safetensors", "short");
  ExpectError(ErrorCode::kDataLoss, "safetensors: ", [&] { ReadPartWeights(folder_.path(), Parts({"network"}), ""); });
}

TEST_F(PartWeightsTest, AreNotWrittenForAnotherNumberOfPartsOrWhereNothingCanBe) {
  ExpectError(ErrorCode::kInvalidArgument, "weights: of 1 parts: must be of 2", [&] { WritePartWeights(folder_.path(), Parts({"a", "b"}), {Weights(1)}); });
  folder_.Write("file", "");
  ExpectError(ErrorCode::kInternal, "weights", [&] { WritePartWeights(folder_.path() / "file", Parts({"network"}), {Weights(1)}); });
}

TEST(CheckTensors, NamesATensorOfAFoldThatIsMissingOrOfAnotherShape) {
  ModelPart part = Parts({"organs"}).front();
  WeightStore weights = Weights(1);
  EXPECT_NO_THROW(CheckTensors(part, weights));
  weights.Add("fold_0.head.bias", TensorType::kFloat32, {1}, AsBytes("1234"));
  ExpectError(ErrorCode::kDataLoss, "part organs: tensor fold_0.head.bias: shape differs from the layer's", [&] { CheckTensors(part, weights); });
  part.folds = {"0", "1"};
  ExpectError(ErrorCode::kDataLoss, "part organs: tensor fold_1.encoder.0.conv.weight: missing", [&] { CheckTensors(part, Weights(1)); });
}

}  // namespace
}  // namespace tuckerseg
