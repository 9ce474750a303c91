/// Volumes through the Open Inference Protocol, against a real server in this process: the labels are Segment's, versions are levels.
#include "server/serve/inference_call.h"

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cmath>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

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
  EXPECT_EQ(inference.response.parameters().at("precision").string_param(), "fp32");
  EXPECT_EQ(inference.response.parameters().at("variant_weights_sha256").string_param(), ReadVariant(disk_.variant("quick"), disk_.model()).weights_sha256);
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

/// A ModelInfer whose client has sent its message and does not read yet. gRPC's stubs of unary calls read at once: so by name, as a stream.
class UnreadInference {
 public:
  UnreadInference(const std::shared_ptr<grpc::Channel>& channel, const InferRequest& request) : stub_(channel) {
    const grpc::Slice slice(request.SerializeAsString());
    call_ = stub_.PrepareCall(&context_, "/inference.GRPCInferenceService/ModelInfer", &queue_);
    call_->StartCall(nullptr);
    Await();
    call_->WriteLast(grpc::ByteBuffer(&slice, 1), {}, nullptr);
    Await();
  }
  ~UnreadInference() {
    context_.TryCancel();
    queue_.Shutdown();
  }
  /// Reads at last.
  grpc::Status Finish() {
    grpc::ByteBuffer response;
    grpc::Status status;
    call_->Read(&response, nullptr);
    Await();
    call_->Finish(&status, nullptr);
    Await();
    return status;
  }

 private:
  void Await() {
    void* tag = nullptr;
    bool ok = false;
    queue_.Next(&tag, &ok);
  }

  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  grpc::GenericStub stub_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
};

constexpr int64_t kLargeVoxels = int64_t{160} * 160 * 176;

/// One convolution of a single tap in one patch: 4.3 MiB of labels, 8.6 MiB of voxels.
ServedOptions LargeOptions() {
  LayerGraph graph;
  AddLayer(graph, {.name = "input", .kind = LayerKind::kInput, .in_channels = 1, .out_channels = 1});
  AddLayer(graph, {.name = "head", .kind = LayerKind::kConvolution, .inputs = {0}, .in_channels = 1, .out_channels = 2, .bias = true});
  ServedOptions options;
  options.bundles = {TinyBundle(graph, {160, 160, 176}, 3)};
  return options;
}

InferRequest LargeRequest() { return RawRequest({160, 160, 176}, std::vector<int16_t>(static_cast<size_t>(kLargeVoxels), 1)); }

std::shared_ptr<grpc::Channel> UnlimitedChannel(const ServedModel& served) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel(served.address(), grpc::InsecureChannelCredentials(), arguments);
}

/// Once the handler has returned: what then is to do is gRPC's.
bool IsReported(ServedModel& served) {
  return WaitUntil([&] { return served.metrics().Text().find(R"(tuckerseg_requests_total{code="OK",device="cpu",method="ModelInfer")") != std::string::npos; });
}

TEST(ModelInferLargeVolume, HoldsItsStreamAndItsMemoryUntilItsAnswerHasLeftAndIsNotCutByAStop) {
  ServedModel served(LargeOptions());
  UnreadInference unread(UnlimitedChannel(served), LargeRequest());
  ASSERT_TRUE(IsReported(served));
  EXPECT_TRUE(WaitUntil([&] { return served.memory().reserved_bytes() == 2 * kLargeVoxels; })) << "the labels, and their bytes: " << served.memory().reserved_bytes();
  EXPECT_EQ(served.parts().streams, 1);
  std::jthread stopping([&] { served.server().Stop(kLimit); });
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));  // longer than a status alone is given
  const grpc::Status status = unread.Finish();
  EXPECT_TRUE(status.ok()) << status.error_message();
  stopping.join();
  EXPECT_TRUE(served.BecomesIdle());
}

TEST(ModelInferLargeVolume, LetsGoOfAnAnswerWhoseClientGoesWithoutReadingIt) {
  ServedModel served(LargeOptions());
  {
    UnreadInference unread(UnlimitedChannel(served), LargeRequest());
    ASSERT_TRUE(IsReported(served));
  }
  EXPECT_TRUE(served.BecomesIdle());
}

TEST(ModelInferLargeVolume, EndsWhereItsClientNeverReads) {
  ServedOptions options = LargeOptions();
  options.config.client_silence_s = 0.5;
  ServedModel served(std::move(options));
  UnreadInference unread(UnlimitedChannel(served), LargeRequest());
  ASSERT_TRUE(IsReported(served));
  EXPECT_TRUE(served.BecomesIdle());
  EXPECT_FALSE(unread.Finish().ok());
}

TEST(ModelInferLargeVolume, NeedsARaisedLimitOnTheClientAlone) {
  const ServedModel served(LargeOptions());
  const InferRequest request = LargeRequest();
  EXPECT_EQ(Infer(served.channel(), request).status.error_code(), grpc::RESOURCE_EXHAUSTED) << "the answer, for a client with stock settings";
  const Inference inference = Infer(UnlimitedChannel(served), request);
  ASSERT_TRUE(inference.status.ok()) << inference.status.error_message();
  EXPECT_EQ(inference.response.raw_output_contents(0).size(), static_cast<size_t>(kLargeVoxels));
}

}  // namespace
}  // namespace tuckerseg
