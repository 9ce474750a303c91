#include "server/serve/serving_watch.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include "inference/grpc_service.grpc.pb.h"
#include "tests/engine/model/temporary_directory.h"
#include "tests/server/serve/hand_clock.h"
#include "tests/server/serve/held_model.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/served_model.h"

namespace tuckerseg {
namespace {

using grpc::health::v1::HealthCheckResponse;

bool IsServing(const ServedModel& served, const std::string& service) {
  grpc::ClientContext context;
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(service);
  HealthCheckResponse response;
  EXPECT_TRUE(grpc::health::v1::Health::NewStub(served.channel())->Check(&context, request, &response).ok()) << service;
  return response.status() == HealthCheckResponse::SERVING;
}

/// A server whose directory of bundles is empty at first.
class WatchingWhatIsServed : public testing::Test {
 protected:
  WatchingWhatIsServed() {
    ServedOptions options;
    options.models = folder_.path();
    served_.emplace(std::move(options));
    watch_.emplace(served_->catalogue(), served_->parts().stalls, readiness_, served_->server());
  }
  void Look() {
    for (int i = 0; i < 2; ++i) served_->catalogue().Rescan();
    served_->catalogue().LoadWhatFits();
  }

  const TemporaryDirectory folder_;
  Readiness readiness_;
  std::optional<ServedModel> served_;
  std::optional<ServingWatch> watch_;
};

TEST_F(WatchingWhatIsServed, IsNotReadyWithoutModelsAndSaysSo) {
  EXPECT_THAT(readiness_.Reason().value(), testing::StartsWith("no models: "));
  for (const char* service : {"", "tuckerseg.v1.SegmentationService", "inference.GRPCInferenceService"}) EXPECT_FALSE(IsServing(*served_, service)) << service;
  for (const char* service : {"liveness", "tuckerseg.v1.ModelService", "tuckerseg.v1.ServerService"}) EXPECT_TRUE(IsServing(*served_, service)) << service;
  const Answer answer = Segment(served_->channel(), SmallCt().Bytes());
  EXPECT_EQ(answer.status.error_code(), grpc::NOT_FOUND);
  EXPECT_THAT(answer.status.error_message(), testing::HasSubstr("no model is served yet"));
}

TEST_F(WatchingWhatIsServed, BecomesReadyWithTheFirstModelAndIsNotAfterTheLast) {
  SaveBundle(TinyServedBundle(), folder_.path() / "tiny");
  Look();
  EXPECT_TRUE(WaitUntil([this] { return !readiness_.Reason(); }));
  EXPECT_TRUE(IsServing(*served_, ""));
  EXPECT_TRUE(IsServing(*served_, "tuckerseg.v1.SegmentationService"));
  EXPECT_TRUE(Segment(served_->channel(), SmallCt().Bytes()).status.ok());
  std::filesystem::remove_all(folder_.path() / "tiny");
  Look();
  EXPECT_TRUE(WaitUntil([this] { return readiness_.Reason().has_value(); }));
  EXPECT_FALSE(IsServing(*served_, ""));
}

TEST_F(WatchingWhatIsServed, DoesNotBecomeReadyAgainOnceTheServerStops) {
  served_->parts().draining = true;
  readiness_.Draining();
  served_->server().SetCanServe(true);
  EXPECT_FALSE(IsServing(*served_, ""));
  EXPECT_FALSE(IsServing(*served_, "tuckerseg.v1.ModelService"));
}

bool IsReady(const ServedModel& served) {
  grpc::ClientContext context;
  inference::ServerReadyResponse response;
  EXPECT_TRUE(inference::GRPCInferenceService::NewStub(served.channel())->ServerReady(&context, {}, &response).ok());
  return response.ready();
}

bool IsModelReady(const ServedModel& served, const std::string& version) {
  grpc::ClientContext context;
  inference::ModelReadyRequest request;
  request.set_name("tiny");
  request.set_version(version);
  inference::ModelReadyResponse response;
  EXPECT_TRUE(inference::GRPCInferenceService::NewStub(served.channel())->ModelReady(&context, request, &response).ok());
  return response.ready();
}

/// A server with these devices, the first of which stands still once a minute has passed.
class WatchingWhatStandsStill : public testing::Test {
 protected:
  explicit WatchingWhatStandsStill(std::vector<DeviceSettings> devices = {})
      : held_(Options(clock_, std::move(devices))), watch_(served().catalogue(), served().parts().stalls, readiness_, served().server()) {
    conversation_.emplace(served().channel());
    conversation_->SendHeader({});
    conversation_->SendFile(SmallCt().Bytes());
    EXPECT_TRUE(held_.gate().WaitForPatch(1));
  }
  static ServedOptions Options(HandClock& clock, std::vector<DeviceSettings> devices) {
    ServedOptions options;
    options.config.stall_s = 60;
    options.config.devices = std::move(devices);
    options.stall_clock = clock.now();
    return options;
  }
  ServedModel& served() { return held_.served(); }

  HandClock clock_;
  Readiness readiness_;
  HeldModel held_;
  ServingWatch watch_;
  std::optional<SegmentConversation> conversation_;
};

TEST_F(WatchingWhatStandsStill, IsNotReadyWhileAnAdmissionStandsStillWhateverDevicesThereAre) {
  {
    StallWatch::Watched admission(served().parts().stalls);
    admission.Step(CallStage::kQueue);
    clock_.Pass(60);
    ASSERT_TRUE(WaitUntil([this] { return readiness_.Reason() == "stuck: the admission of a request stands still, which all others wait for"; }));
    EXPECT_FALSE(IsServing(served(), ""));
    EXPECT_FALSE(IsReady(served()));
    EXPECT_FALSE(IsModelReady(served(), ""));
  }
  held_.gate().Open();
  EXPECT_TRUE(WaitUntil([this] { return !readiness_.Reason(); }));
  EXPECT_TRUE(IsReady(served()));
}

TEST_F(WatchingWhatStandsStill, IsNotReadyUntilTheWorkerOfTheOnlyDeviceHasComeBack) {
  EXPECT_FALSE(readiness_.Reason());
  EXPECT_TRUE(IsServing(served(), ""));
  EXPECT_TRUE(IsReady(served()));
  clock_.Pass(60);
  ASSERT_TRUE(WaitUntil([this] { return readiness_.Reason().has_value(); }));
  EXPECT_EQ(readiness_.Reason(), "stuck: a request stands still on every device that could serve");
  for (const char* service : {"", "tuckerseg.v1.SegmentationService", "inference.GRPCInferenceService"}) EXPECT_FALSE(IsServing(served(), service)) << service;
  for (const char* service : {"liveness", "tuckerseg.v1.ModelService", "tuckerseg.v1.ServerService"}) EXPECT_TRUE(IsServing(served(), service)) << service;
  EXPECT_FALSE(IsReady(served()));
  EXPECT_FALSE(IsModelReady(served(), ""));
  EXPECT_FALSE(IsModelReady(served(), "original"));
  EXPECT_EQ(conversation_->Finish().status.error_code(), grpc::DEADLINE_EXCEEDED);
  held_.gate().Open();
  EXPECT_TRUE(WaitUntil([this] { return !readiness_.Reason(); }));
  EXPECT_TRUE(IsServing(served(), ""));
  EXPECT_TRUE(IsReady(served()));
  EXPECT_TRUE(IsModelReady(served(), "original"));
  EXPECT_TRUE(Segment(served().channel(), SmallCt().Bytes()).status.ok());
}

class WatchingOneOfTwoStandStill : public WatchingWhatStandsStill {
 protected:
  WatchingOneOfTwoStandStill() : WatchingWhatStandsStill(std::vector<DeviceSettings>{{.name = "left"}, {.name = "right"}}) {}
};

TEST_F(WatchingOneOfTwoStandStill, StaysReadyForTheOther) {
  clock_.Pass(60);
  EXPECT_EQ(conversation_->Finish().status.error_code(), grpc::DEADLINE_EXCEEDED) << "somebody has looked";
  EXPECT_TRUE(served().parts().stalls.IsStuck(0));
  EXPECT_FALSE(readiness_.Reason());
  EXPECT_TRUE(IsServing(served(), ""));
  EXPECT_TRUE(IsModelReady(served(), "original"));
}

}  // namespace
}  // namespace tuckerseg
