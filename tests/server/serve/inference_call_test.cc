/// Volumes through the Open Inference Protocol, against a real server in this process: the labels are Segment's, versions are levels.
#include "server/serve/inference_call.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <type_traits>

#include "engine/volume/nifti_writer.h"
#include "tests/server/serve/held_model.h"
#include "tests/server/serve/inference_client.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/variants/tiny_variants.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

/// Turned about the body's axis, with other spacings than the model's.
ItkGrid Oblique() {
  const double c = std::cos(0.5);
  const double s = std::sin(0.5);
  return {.spacing = {1.5, 0.8, 2}, .direction = {c, -s, 0, s, c, 0, 0, 0, 1}, .origin = {10, -20.5, 300}};
}

/// The same volume as a file.
template <typename Voxel>
std::vector<std::byte> NiftiOf(const std::vector<Voxel>& voxels, const ItkGrid& grid) {
  static constexpr std::array<double, 3> kLpsToRas{-1, -1, 1};
  Volume volume;
  volume.geometry.shape = {13, 9, 11};
  volume.type = std::is_same_v<Voxel, float> ? VoxelType::kFloat32 : VoxelType::kInt16;
  for (size_t r = 0; r < 3; ++r) {
    for (size_t c = 0; c < 3; ++c) volume.geometry.affine_ras.linear[r][c] = kLpsToRas[r] * grid.direction[3 * r + c] * grid.spacing[c];
    volume.geometry.affine_ras.translation[r] = kLpsToRas[r] * grid.origin[r];
  }
  const auto bytes = std::as_bytes(std::span(voxels));
  volume.voxels.assign(bytes.begin(), bytes.end());
  std::vector<std::byte> file;
  WriteVolume(volume, Compression::kNone, [&file](std::span<const std::byte> piece) { file.insert(file.end(), piece.begin(), piece.end()); });
  return file;
}

/// The labels of Segment, as a UINT8 tensor's raw contents.
std::string LabelsOfSegment(const ServedModel& served, const std::vector<std::byte>& file) {
  const Answer answer = Segment(served.channel(), file);
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  std::string labels;
  for (const uint16_t label : DecodedLabels(answer.file)) labels += static_cast<char>(label);
  return labels;
}

TEST(ModelInfer, GivesTheLabelsThatSegmentGives) {
  const ServedModel served;
  for (const ItkGrid& grid : {ItkGrid(), Oblique()}) {
    const std::string expected = LabelsOfSegment(served, NiftiOf(RandomVoxels<int16_t>(), grid));
    ASSERT_THAT(expected, testing::Contains(testing::Ne('\0'))) << "a random network labels something";
    const Inference inference = Infer(served.channel(), RawRequest(kDhw, RandomVoxels<int16_t>(), grid));
    ASSERT_TRUE(inference.status.ok()) << inference.status.error_message();
    ASSERT_EQ(inference.response.raw_output_contents_size(), 1);
    EXPECT_EQ(inference.response.raw_output_contents(0), expected);
    EXPECT_EQ(inference.response.outputs(0).datatype(), "UINT8");
    EXPECT_THAT(inference.response.outputs(0).shape(), testing::ElementsAreArray(kDhw));
  }
}

TEST(ModelInfer, TakesFloatsAndTypedContents) {
  const ServedModel served;
  const std::string expected = LabelsOfSegment(served, NiftiOf(RandomVoxels<float>(), ItkGrid()));
  EXPECT_EQ(Infer(served.channel(), RawRequest(kDhw, RandomVoxels<float>())).response.raw_output_contents(0), expected);
  const Inference typed = Infer(served.channel(), TypedRequest(kDhw, RandomVoxels<float>()));
  EXPECT_EQ(typed.response.raw_output_contents_size(), 0);
  std::string labels;
  for (const uint32_t label : typed.response.outputs(0).contents().uint_contents()) labels += static_cast<char>(label);
  EXPECT_EQ(labels, expected);
}

TEST(ModelInfer, TellsWhatRanAndWhy) {
  const ServedModel served;
  InferRequest request = RawRequest(kDhw, RandomVoxels<int16_t>());
  request.set_id("scan 5");
  const auto response = Infer(served.channel(), request).response;
  EXPECT_EQ(response.model_name(), "tiny");
  EXPECT_EQ(response.model_version(), "original");
  EXPECT_EQ(response.id(), "scan 5");
  EXPECT_EQ(response.parameters().at("reason").string_param(), "only");
  EXPECT_EQ(response.parameters().at("device").string_param(), "cpu");
  EXPECT_EQ(response.parameters().at("request_id").string_param().size(), 32U);
  EXPECT_NE(response.parameters().at("quality").string_param(), "");
}

TEST(ModelInfer, EndsAtItsTimeout) {
  HeldModel held;
  InferRequest request = RawRequest(kDhw, RandomVoxels<int16_t>());
  (*request.mutable_parameters())["timeout"].set_int64_param(200'000);
  const Inference late = Infer(held.served().channel(), request);
  EXPECT_EQ(late.status.error_code(), grpc::DEADLINE_EXCEEDED);
  EXPECT_THAT(late.status.error_message(), HasSubstr("timeout: passed before the label map was ready"));
  held.gate().Open();
  EXPECT_TRUE(held.served().BecomesIdle());
}

/// An original whose patch is expected to take ten seconds, and a level at a microsecond whose card promises 0.91.
class ModelInferLevels : public testing::Test {
 protected:
  ModelInferLevels() {
    disk_.Add("quick", {{"quick", 0.3, true, 1}}, 11, TinyCard("quick", 0.93, 0.91));
    ServedOptions options;
    options.models = disk_.models();
    options.config.allow_phantom_quality = true;
    served_.emplace(std::move(options));
    served_->times().Expect({"tiny", "original"}, 10);
  }
  const ModelOnDisk disk_{TinyServedBundle()};
  std::optional<ServedModel> served_;
  InferRequest request_ = RawRequest(kDhw, RandomVoxels<int16_t>());
};

TEST_F(ModelInferLevels, AreVersions) {
  request_.set_model_version("quick");
  const Inference inference = Infer(served_->channel(), request_);
  EXPECT_EQ(inference.response.model_version(), "quick");
  EXPECT_EQ(inference.response.parameters().at("reason").string_param(), "asked");
  request_.set_model_version("0.3");
  EXPECT_EQ(Infer(served_->channel(), request_).response.model_version(), "quick") << "by number too";
}

TEST_F(ModelInferLevels, AreGivenUpForATimeoutButNotBelowTheLeastQuality) {
  // Before the original has run: then it would be known to be quick.
  (*request_.mutable_parameters())["timeout"].set_int64_param(60'000'000);
  const Inference quick = Infer(served_->channel(), request_);
  EXPECT_EQ(quick.response.model_version(), "quick");
  EXPECT_EQ(quick.response.parameters().at("reason").string_param(), "deadline");
  (*request_.mutable_parameters())["min_quality"].set_double_param(0.95);
  EXPECT_EQ(Infer(served_->channel(), request_).status.error_code(), grpc::DEADLINE_EXCEEDED);
}

TEST(ModelInferLargeVolume, NeedsARaisedLimitOnTheClientAlone) {
  // One convolution of a single tap in one patch: 4.3 MiB of labels, 8.6 MiB of voxels.
  LayerGraph graph;
  AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 1, .out_channels = 1});
  AddLayer(graph, {.name = "head", .kind = LayerKind::kConvolution, .inputs = {0}, .in_channels = 1, .out_channels = 2, .bias = true});
  ServedOptions options;
  options.bundles = {TinyBundle(graph, {160, 160, 176}, 3)};
  const ServedModel served(std::move(options));
  const InferRequest request = RawRequest({160, 160, 176}, std::vector<int16_t>(160 * 160 * 176, 1));
  EXPECT_EQ(Infer(served.channel(), request).status.error_code(), grpc::RESOURCE_EXHAUSTED) << "the answer, for a client with stock settings";
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  const auto channel = grpc::CreateCustomChannel(served.address(), grpc::InsecureChannelCredentials(), arguments);
  const Inference inference = Infer(channel, request);
  ASSERT_TRUE(inference.status.ok()) << inference.status.error_message();
  EXPECT_EQ(inference.response.raw_output_contents(0).size(), size_t{160} * 160 * 176);
}

}  // namespace
}  // namespace tuckerseg
