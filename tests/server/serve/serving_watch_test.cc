#include "server/serve/serving_watch.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/engine/model/temporary_directory.h"
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
    watch_.emplace(served_->catalogue(), readiness_, served_->server());
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

}  // namespace
}  // namespace tuckerseg
