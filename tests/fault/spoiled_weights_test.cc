/// Weights that pass every check of the disk and are no numbers: requests of that model fail, the server and its other models do not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "server/serve/status_of.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/served_model.h"

namespace tuckerseg {
namespace {

/// The bundle with a first weight of this tensor that is not a number.
Bundle WithNan(Bundle bundle, const std::string& tensor) {
  WeightStore spoiled;
  for (const auto& [name, view] : bundle.weights.front().tensors()) {
    std::vector<std::byte> bytes(view.bytes.begin(), view.bytes.end());
    const float nan = std::numeric_limits<float>::quiet_NaN();
    if (name == tensor) std::memcpy(bytes.data(), &nan, sizeof(nan));
    spoiled.Add(name, view.type, view.shape, std::move(bytes));
  }
  bundle.weights.front() = std::move(spoiled);
  return bundle;
}

v1::SegmentHeader Task(const std::string& task) {
  v1::SegmentHeader header;
  header.set_task(task);
  return header;
}

void ExpectThatItFailsAlone(const std::string& tensor, grpc::StatusCode code, const std::string& message) {
  Bundle good = TinyServedBundle();
  good.model.name = good.model.task = "good";
  ServedOptions options;
  options.bundles = {WithNan(TinyServedBundle(), tensor), good};
  ServedModel served(std::move(options));
  const std::vector<std::byte> ct = SmallCt().Bytes();
  for (int time = 0; time < 2; ++time) {
    const Answer answer = Segment(served.channel(), ct, Task("tiny"));
    EXPECT_EQ(NameOf(answer.status.error_code()), NameOf(code)) << answer.status.error_message();
    EXPECT_THAT(answer.status.error_message(), testing::HasSubstr(message));
    EXPECT_EQ(answer.file.size(), 0U) << "no label map is sent";
    EXPECT_TRUE(served.BecomesIdle());
    EXPECT_TRUE(Segment(served.channel(), ct, Task("good")).status.ok());
  }
}

TEST(SpoiledWeights, OfALayerFailTheRequestAsAFaultOfOurs) { ExpectThatItFailsAlone("fold_0.decoder.0.conv.weight", grpc::INTERNAL, "internal error "); }

TEST(SpoiledWeights, OfTheLastLayerFailTheRequestAndAreNamed) {
  ExpectThatItFailsAlone("fold_0.head.weight", grpc::DATA_LOSS, "weights: the last layer's class 0 holds a number that is not finite");
}

}  // namespace
}  // namespace tuckerseg
