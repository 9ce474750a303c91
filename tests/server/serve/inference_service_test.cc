/// The Open Inference Protocol's service in a real server: what it tells, what it refuses, and that it shares with Segment what there is once.
#include "server/serve/inference_service.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>

#include "engine/error.h"
#include "tests/server/serve/held_model.h"
#include "tests/server/serve/inference_client.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/status_details.h"

namespace tuckerseg {
namespace {

using inference::GRPCInferenceService;
using testing::HasSubstr;
using testing::Not;

bool ModelIsReady(const ServedModel& served, const std::string& name, const std::string& version) {
  grpc::ClientContext context;
  inference::ModelReadyRequest request;
  request.set_name(name);
  request.set_version(version);
  inference::ModelReadyResponse response;
  EXPECT_TRUE(GRPCInferenceService::NewStub(served.channel())->ModelReady(&context, request, &response).ok());
  return response.ready();
}

TEST(InferenceService, TellsWhatIsThereAndReady) {
  ServedModel served;
  const auto stub = GRPCInferenceService::NewStub(served.channel());
  grpc::ClientContext live;
  inference::ServerLiveResponse live_response;
  EXPECT_TRUE(stub->ServerLive(&live, {}, &live_response).ok());
  EXPECT_TRUE(live_response.live());
  grpc::ClientContext ready;
  inference::ServerReadyResponse ready_response;
  EXPECT_TRUE(stub->ServerReady(&ready, {}, &ready_response).ok());
  EXPECT_TRUE(ready_response.ready());
  EXPECT_TRUE(ModelIsReady(served, "tiny", ""));
  EXPECT_TRUE(ModelIsReady(served, "tiny", "original"));
  EXPECT_FALSE(ModelIsReady(served, "tiny", "0.3"));
  EXPECT_FALSE(ModelIsReady(served, "heart", ""));
  grpc::ClientContext metadata;
  inference::ServerMetadataResponse metadata_response;
  EXPECT_TRUE(stub->ServerMetadata(&metadata, {}, &metadata_response).ok());
  EXPECT_EQ(metadata_response.name(), "tuckerseg");
  EXPECT_EQ(metadata_response.version(), TUCKERSEG_VERSION);
  EXPECT_THAT(metadata_response.extensions(), testing::Contains("schedule_policy"));
}

TEST(InferenceService, IsNotReadyForAModelNoneOfWhoseLevelsCanRun) {
  ServedOptions options;
  options.executor = [](const LayerGraph&, const WeightStore&, const std::string&) -> std::unique_ptr<Executor> {
    throw Error(ErrorCode::kFailedPrecondition, "layer: unknown");
  };
  const ServedModel served(std::move(options));
  ASSERT_FALSE(served.view()->CanServe());
  EXPECT_FALSE(ModelIsReady(served, "tiny", ""));
  EXPECT_FALSE(ModelIsReady(served, "tiny", "auto"));
  EXPECT_FALSE(ModelIsReady(served, "tiny", "original"));
  grpc::ClientContext context;
  inference::ModelMetadataRequest request;
  request.set_name("tiny");
  inference::ModelMetadataResponse response;
  const grpc::Status status = GRPCInferenceService::NewStub(served.channel())->ModelMetadata(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("task = tiny: none of its levels could be loaded"));
}

TEST(InferenceService, DescribesModelsThatAreThere) {
  ServedModel served;
  const auto describe = [&](const std::string& name, const std::string& version) {
    grpc::ClientContext context;
    inference::ModelMetadataRequest request;
    request.set_name(name);
    request.set_version(version);
    inference::ModelMetadataResponse response;
    const grpc::Status status = GRPCInferenceService::NewStub(served.channel())->ModelMetadata(&context, request, &response);
    return std::pair(status.error_code(), response.versions_size());
  };
  EXPECT_EQ(describe("tiny", ""), std::pair(grpc::OK, 1));
  EXPECT_EQ(describe("tiny", "0.3"), std::pair(grpc::NOT_FOUND, 0));
  EXPECT_EQ(describe("heart", ""), std::pair(grpc::NOT_FOUND, 0));
}

TEST(InferenceService, IsNotReadyOnceTheServerIsToStopAndTakesNothingAfterItsDelay) {
  ServedModel served;
  std::jthread stopping([&] { served.server().Stop(kLimit, std::chrono::seconds(3)); });
  ASSERT_TRUE(WaitUntil([&] { return served.parts().stopping.load(); }));
  EXPECT_FALSE(ModelIsReady(served, "tiny", ""));
  stopping.join();
  EXPECT_EQ(Infer(served.channel(), RawRequest(kDhw, RandomVoxels<int16_t>())).status.error_code(), grpc::UNAVAILABLE);
}

TEST(InferenceService, IsNotThereWhereTheOperatorHasClosedIt) {
  ServedOptions options;
  options.config.open_inference = false;
  const ServedModel served(std::move(options));
  EXPECT_EQ(Infer(served.channel(), RawRequest(kDhw, RandomVoxels<int16_t>())).status.error_code(), grpc::UNIMPLEMENTED);
}

TEST(LargestInferMessage, IsWhatTheMemoryCanHoldTwiceAndGrpcOnceWithinTheLimitsOfFilesAndProtobuf) {
  constexpr int64_t kMiB = int64_t{1} << 20;
  ServerConfig config;
  config.memory_limit_bytes = 100 * kMiB;
  EXPECT_EQ(LargestInferMessage(config), 51 * kMiB) << "half of the memory";
  config.memory_limit_bytes = 4096 * kMiB;
  EXPECT_EQ(LargestInferMessage(config), 385 * kMiB) << "three quarters of what gRPC may hold";
  config.max_input_bytes = 100 * kMiB;
  EXPECT_EQ(LargestInferMessage(config), 101 * kMiB);
  config.max_input_bytes = 1000;
  EXPECT_EQ(LargestInferMessage(config), 4 * kMiB) << "gRPC's own";
  config.max_input_bytes = int64_t{1} << 40;
  config.memory_limit_bytes = int64_t{1} << 40;
  EXPECT_EQ(LargestInferMessage(config), std::numeric_limits<int>::max());
}

TEST(ModelInfer, RefusesWhatIsWrongAndServesTheNextRequest) {
  ServedModel served;
  const InferRequest good = RawRequest(kDhw, RandomVoxels<int16_t>());
  const auto expect_refusal = [&](const std::function<void(InferRequest&)>& change, grpc::StatusCode code, const std::string& message) {
    InferRequest request = good;
    change(request);
    const Inference refused = Infer(served.channel(), request);
    EXPECT_EQ(refused.status.error_code(), code) << message;
    EXPECT_THAT(refused.status.error_message(), HasSubstr(message));
    EXPECT_TRUE(DetailOf<google::rpc::ErrorInfo>(refused.status));
  };
  expect_refusal([](InferRequest& r) { r.set_model_name("heart"); }, grpc::NOT_FOUND, "task = heart: must be one of tiny");
  expect_refusal([](InferRequest& r) { r.set_model_version("1"); }, grpc::NOT_FOUND, "level = 1: must be one of auto, original");
  expect_refusal([](InferRequest& r) { r.mutable_inputs(0)->set_datatype("FP16"); }, grpc::INVALID_ARGUMENT, "volume.datatype = FP16");
  expect_refusal([](InferRequest& r) { *r.mutable_raw_input_contents(2) = RawOf(std::vector<double>(9, 1)); }, grpc::INVALID_ARGUMENT, "direction: ");
  expect_refusal([](InferRequest& r) { r.mutable_inputs(0)->set_shape(0, 5000); }, grpc::RESOURCE_EXHAUSTED, "volume.shape[0] = 5000: must be at most 4096");
  EXPECT_TRUE(Infer(served.channel(), good).status.ok());
  EXPECT_TRUE(served.BecomesIdle());
}

TEST(ModelInfer, CountsMessageAndVolumeBeforeTheWork) {
  const InferRequest request = RawRequest(kDhw, RandomVoxels<int16_t>());
  ServedOptions options;
  options.config.memory_limit_bytes = 2 * 13 * 9 * 11 * 2;  // the volume twice, and nothing else of the message
  ServedModel served(std::move(options));
  const Inference refused = Infer(served.channel(), request);
  EXPECT_EQ(refused.status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_THAT(refused.status.error_message(), HasSubstr("volume: needs"));
  EXPECT_TRUE(served.BecomesIdle());
}

TEST(ModelInfer, HasItsMetricsAndItsLineInTheLogWithoutTheClientsWords) {
  ServedModel served;
  InferRequest request = RawRequest(kDhw, RandomVoxels<int16_t>());
  request.set_id("Doe^John 1960-01-01");
  testing::internal::CaptureStdout();
  EXPECT_TRUE(Infer(served.channel(), request).status.ok());
  for (const char* field : {"parameter", "input", "model"}) {
    InferRequest wrong = request;
    if (field == std::string("parameter")) (*wrong.mutable_parameters())["Doe^John"].set_bool_param(true);
    if (field == std::string("input")) wrong.mutable_inputs(0)->set_name("Doe^John");
    if (field == std::string("model")) wrong.set_model_name("Doe^John");
    EXPECT_FALSE(Infer(served.channel(), wrong).status.ok());
  }
  EXPECT_TRUE(served.BecomesIdle());
  const std::string log = testing::internal::GetCapturedStdout();
  EXPECT_THAT(log, Not(HasSubstr("Doe")));
  const auto first = nlohmann::json::parse(log.substr(0, log.find('\n')));
  EXPECT_EQ(first["method"], "ModelInfer");
  EXPECT_EQ(first["code"], "OK");
  EXPECT_EQ(first["bytes"], request.ByteSizeLong());
  const std::string page = served.metrics().Text();
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_requests_total{code="OK",device="cpu",method="ModelInfer",task="tiny",variant="original"} 1)"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_level_choices_total{reason="only",task="tiny",variant="original"} 1)"));
  EXPECT_THAT(page, Not(HasSubstr("Doe")));
}

TEST(ModelInfer, SharesTheQueueAndTheStreamsWithSegment) {
  ServedOptions options;
  options.config.max_streams = 2;
  options.config.queue_capacity = 1;
  HeldModel held(std::move(options));
  const std::vector<std::byte> ct = SmallCt().Bytes();
  SegmentConversation running(held.served().channel());
  running.SendHeader({});
  running.SendFile(ct);
  ASSERT_TRUE(held.gate().WaitForPatch(1));
  const InferRequest request = RawRequest(kDhw, RandomVoxels<int16_t>());
  const Inference no_place = Infer(held.served().channel(), request);
  EXPECT_EQ(no_place.status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_THAT(no_place.status.error_message(), HasSubstr("queue: "));
  EXPECT_TRUE(DetailOf<google::rpc::RetryInfo>(no_place.status));
  SegmentConversation second(held.served().channel());
  second.SendHeader({});
  ASSERT_TRUE(WaitUntil([&] { return held.served().parts().streams == 2; }));
  EXPECT_THAT(Infer(held.served().channel(), request).status.error_message(), HasSubstr("streams: 2 are open"));
  second.Cancel();
  second.Finish();
  held.gate().Open();
  EXPECT_TRUE(running.Finish().status.ok());
}

TEST(ModelInfer, FreesTheWorkerWhenItsClientHasGone) {
  HeldModel held;
  grpc::ClientContext context;
  inference::ModelInferResponse response;
  grpc::Status status;
  const InferRequest request = RawRequest(kDhw, RandomVoxels<int16_t>());
  std::jthread call([&] { status = GRPCInferenceService::NewStub(held.served().channel())->ModelInfer(&context, request, &response); });
  ASSERT_TRUE(held.gate().WaitForPatch(1));
  context.TryCancel();
  call.join();
  EXPECT_EQ(status.error_code(), grpc::CANCELLED);
  EXPECT_TRUE(WaitUntil([&] { return held.served().parts().streams == 0; }));
  held.gate().Open();
  EXPECT_TRUE(held.served().BecomesIdle());
  EXPECT_EQ(held.gate().arrived(), 1);
}

}  // namespace
}  // namespace tuckerseg
