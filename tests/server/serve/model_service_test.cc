#include "server/serve/model_service.h"

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include "engine/model/card.h"
#include "engine/model/part_weights.h"
#include "tests/server/serve/served_model.h"
#include "tests/server/variants/tiny_variants.h"
#include "tuckerseg/v1/model.grpc.pb.h"
#include "tuckerseg/v1/server_info.grpc.pb.h"

namespace tuckerseg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ServedOptions TwoModels() {
  ServedOptions options;
  options.bundles.push_back(TinyServedBundle());
  options.bundles.back().model.name = "another";
  options.bundles.back().model.task = "another";
  options.bundles.back().model.provenance = {
      .source = "drawn by lot", .licence = "CC-BY-4.0", .weights_sha256 = PartWeightsSha256(options.bundles.back().weights)};
  options.bundles.back().model.labels[1].rgb = {{255, 0, 7}};
  options.bundles.back().model.labels[1].snomed_code = "10200004";
  return options;
}

class ModelServiceTest : public testing::Test {
 protected:
  ServedModel served_{TwoModels()};
  std::unique_ptr<v1::ModelService::Stub> models_ = v1::ModelService::NewStub(served_.channel());
  grpc::ClientContext context_;
};

TEST_F(ModelServiceTest, ListsModelsByTaskWithoutLabels) {
  v1::ListModelsResponse response;
  ASSERT_TRUE(models_->ListModels(&context_, {}, &response).ok());
  ASSERT_EQ(response.models_size(), 2);
  EXPECT_EQ(response.models(0).task(), "another");
  EXPECT_EQ(response.models(1).task(), "tiny");
  EXPECT_EQ(response.models(1).name(), "tiny");
  EXPECT_EQ(response.models(1).structure_count(), 3U);
  EXPECT_EQ(response.models(1).labels_size(), 0);
}

TEST_F(ModelServiceTest, DescribesAModelWithLabelsPartsAndProvenance) {
  v1::GetModelRequest request;
  request.set_task("another");
  v1::GetModelResponse response;
  ASSERT_TRUE(models_->GetModel(&context_, request, &response).ok());
  const v1::Model& model = response.model();
  ASSERT_EQ(model.labels_size(), 3);
  EXPECT_EQ(model.labels(0).rgb_size(), 0);
  EXPECT_EQ(model.labels(1).value(), 2U);
  EXPECT_EQ(model.labels(1).name(), "structure_2");
  EXPECT_THAT(model.labels(1).rgb(), ElementsAre(255, 0, 7));
  EXPECT_EQ(model.labels(1).snomed_code(), "10200004");
  ASSERT_EQ(model.parts_size(), 1);
  EXPECT_EQ(model.parts(0).name(), "network");
  EXPECT_THAT(model.parts(0).patch_size(), ElementsAre(8, 8, 8));
  EXPECT_THAT(model.parts(0).spacing_mm(), ElementsAre(1, 1, 1));
  EXPECT_EQ(model.parts(0).fold_count(), 1U);
  EXPECT_EQ(model.provenance().source(), "drawn by lot");
  EXPECT_EQ(model.provenance().licence(), "CC-BY-4.0");
  EXPECT_EQ(model.provenance().weights_sha256(), PartWeightsSha256(TinyServedBundle().weights));
}

TEST_F(ModelServiceTest, LacksATaskWithItsNameAndThoseThereAre) {
  v1::GetModelRequest request;
  request.set_task("heart");
  v1::GetModelResponse response;
  const grpc::Status status = models_->GetModel(&context_, request, &response);
  EXPECT_EQ(status.error_code(), grpc::NOT_FOUND);
  EXPECT_THAT(status.error_message(), HasSubstr("task = heart: must be one of another, tiny"));
}

TEST_F(ModelServiceTest, ListsTheVariantsOfAllModels) {
  v1::ListVariantsResponse response;
  ASSERT_TRUE(models_->ListVariants(&context_, {}, &response).ok());
  ASSERT_EQ(response.variants_size(), 2);
  const v1::Variant& variant = response.variants(0);
  EXPECT_EQ(variant.task(), "another");
  EXPECT_EQ(variant.name(), "original");
  EXPECT_EQ(variant.state(), v1::VARIANT_STATE_LOADED);
  EXPECT_EQ(variant.device(), "cpu");
  EXPECT_GT(variant.parameters(), 0U);
  EXPECT_EQ(variant.weight_bytes(), 4 * variant.parameters());
}

TEST_F(ModelServiceTest, ListsTheVariantsOfOneModel) {
  v1::ListVariantsRequest request;
  request.set_task("tiny");
  v1::ListVariantsResponse response;
  ASSERT_TRUE(models_->ListVariants(&context_, request, &response).ok());
  ASSERT_EQ(response.variants_size(), 1);
  EXPECT_EQ(response.variants(0).task(), "tiny");
}

TEST_F(ModelServiceTest, LacksTheVariantsOfATaskThatItDoesNotServe) {
  v1::ListVariantsRequest request;
  request.set_task("heart");
  v1::ListVariantsResponse response;
  EXPECT_EQ(models_->ListVariants(&context_, request, &response).error_code(), grpc::NOT_FOUND);
}

TEST(ModelServiceCards, TellWhatAPatchAndAVolumeTookWhereThatWasMeasured) {
  const ModelOnDisk disk(TinyServedBundle());
  Card card = ParseCard(TinyCard("quick", 0.93, 0.91));
  card.latency = {{.device = "A Processor", .executor = "LibTorch 2.15.0", .precision = "fp32", .threads = 2, .patch = {96, 112, 128}, .min_s = 0.25, .median_s = 0.5, .peak_bytes = 123}};
  card.volume_latency = {{.device = "A Processor", .executor = "LibTorch 2.15.0", .precision = "bf16", .threads = 4, .shape = {200, 190, 180}, .spacing_mm = {1.5, 1.25, 3}, .patches = 8, .seconds = 4.5}};
  disk.Add("quick", {{"quick", 0.3, true, 1}}, 11, EncodeCard(card));
  ServedOptions options;
  options.models = disk.models();
  ServedModel served(std::move(options));
  grpc::ClientContext context;
  v1::ListVariantsResponse response;
  ASSERT_TRUE(v1::ModelService::NewStub(served.channel())->ListVariants(&context, {}, &response).ok());
  ASSERT_EQ(response.variants_size(), 2);
  EXPECT_EQ(response.variants(0).measured_patches_size(), 0);
  const v1::Variant& quick = response.variants(1);
  ASSERT_EQ(quick.measured_patches_size(), 1);
  const v1::MeasuredPatch& patch = quick.measured_patches(0);
  EXPECT_EQ(patch.device(), "A Processor");
  EXPECT_EQ(patch.executor(), "LibTorch 2.15.0");
  EXPECT_EQ(patch.precision(), "fp32");
  EXPECT_EQ(patch.threads(), 2U);
  EXPECT_THAT(patch.shape(), ElementsAre(96, 112, 128));
  EXPECT_EQ(patch.min_seconds(), 0.25);
  EXPECT_EQ(patch.median_seconds(), 0.5);
  EXPECT_EQ(patch.peak_bytes(), 123U);
  ASSERT_EQ(quick.measured_volumes_size(), 1);
  const v1::MeasuredVolume& volume = quick.measured_volumes(0);
  EXPECT_EQ(volume.precision(), "bf16");
  EXPECT_EQ(volume.threads(), 4U);
  EXPECT_THAT(volume.shape(), ElementsAre(200, 190, 180));
  EXPECT_THAT(volume.spacing_mm(), ElementsAre(1.5, 1.25, 3));
  EXPECT_EQ(volume.patches(), 8U);
  EXPECT_EQ(volume.seconds(), 4.5);
  EXPECT_FALSE(volume.has_peak_bytes());
}

TEST(ServerService, TellsLimitsSizesDevicesAndVersions) {
  ServedOptions options;
  options.config.queue_capacity = 7;
  options.config.max_input_bytes = 1000;
  options.config.volume_limits.max_axis = 512;
  options.config.volume_limits.max_voxels = 4096;
  options.config.geometry_policy = GeometryPolicy::kPreferSform;
  options.config.memory_limit_bytes = 123'456'789;
  options.config.max_streams = 5;
  options.config.limits.max_priority = 3;
  ServedModel served(std::move(options));
  grpc::ClientContext context;
  v1::GetServerInfoResponse info;
  ASSERT_TRUE(v1::ServerService::NewStub(served.channel())->GetServerInfo(&context, {}, &info).ok());
  EXPECT_EQ(info.version(), TUCKERSEG_VERSION);
  EXPECT_EQ(info.executor(), "plain");
  EXPECT_THAT(info.devices(), ElementsAre("cpu"));
  EXPECT_EQ(info.max_input_bytes(), 1000U);
  EXPECT_EQ(info.max_voxels(), 4096U);
  EXPECT_EQ(info.max_axis(), 512U);
  EXPECT_EQ(info.max_chunk_bytes(), uint64_t{1} << 20);
  EXPECT_EQ(info.chunk_bytes(), uint64_t{512} << 10);
  EXPECT_EQ(info.queue_capacity(), 7U);
  EXPECT_EQ(info.queue_depth(), 0U);
  EXPECT_EQ(info.geometry_policy(), "prefer_sform");
  EXPECT_EQ(info.memory_limit_bytes(), 123'456'789U);
  EXPECT_EQ(info.max_streams(), 5U);
  EXPECT_EQ(info.max_priority(), 3);
  EXPECT_EQ(info.max_infer_message_bytes(), uint64_t{4} << 20) << "never less than gRPC's own";
}

TEST(ServerService, TellsNoSizeOfMessagesThatItDoesNotTake) {
  ServedOptions options;
  options.config.open_inference = false;
  ServedModel served(std::move(options));
  grpc::ClientContext context;
  v1::GetServerInfoResponse info;
  ASSERT_TRUE(v1::ServerService::NewStub(served.channel())->GetServerInfo(&context, {}, &info).ok());
  EXPECT_FALSE(info.has_max_infer_message_bytes());
}

}  // namespace
}  // namespace tuckerseg
