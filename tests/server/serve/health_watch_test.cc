/// What those are told who watch a server's health, as balancers in gRPC's clients do, instead of asking again and again.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/server/serve/served_model.h"
#include "tests/server/wait_until.h"

namespace tuckerseg {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

/// A client that watches one name, for kLimit at most.
class HealthWatch {
 public:
  HealthWatch(const ServedModel& served, const std::string& name) : stub_(Health::NewStub(served.channel())) {
    context_.set_deadline(std::chrono::system_clock::now() + kLimit);
    HealthCheckRequest request;
    request.set_service(name);
    reader_ = stub_->Watch(&context_, request);
  }

  /// What it is told next, as soon as it is told something; nothing where the call has ended.
  std::optional<HealthCheckResponse::ServingStatus> Next() {
    HealthCheckResponse response;
    return reader_->Read(&response) ? std::optional(response.status()) : std::nullopt;
  }

 private:
  std::unique_ptr<Health::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<HealthCheckResponse>> reader_;
};

constexpr const char* kSegmentation = "tuckerseg.v1.SegmentationService";

TEST(HealthWatch, IsToldWhenNoModelCanRunAndWhenOneCanAgain) {
  ServedModel served;
  HealthWatch whole(served, "");
  HealthWatch segmentation(served, kSegmentation);
  ASSERT_EQ(whole.Next(), HealthCheckResponse::SERVING);
  ASSERT_EQ(segmentation.Next(), HealthCheckResponse::SERVING);
  served.server().SetCanServe(false);
  EXPECT_EQ(whole.Next(), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(segmentation.Next(), HealthCheckResponse::NOT_SERVING);
  served.server().SetCanServe(true);
  EXPECT_EQ(whole.Next(), HealthCheckResponse::SERVING);
  EXPECT_EQ(segmentation.Next(), HealthCheckResponse::SERVING);
}

TEST(HealthWatch, IsToldThatAServerStopsWhileItTakesCallsStill) {
  ServedModel served;
  HealthWatch whole(served, "");
  HealthWatch segmentation(served, kSegmentation);
  HealthWatch models(served, "tuckerseg.v1.ModelService");
  HealthWatch liveness(served, "liveness");
  for (HealthWatch* watch : {&whole, &segmentation, &models, &liveness}) ASSERT_EQ(watch->Next(), HealthCheckResponse::SERVING);
  std::jthread stopping([&] { served.server().Stop(kLimit, std::chrono::seconds(3)); });
  for (HealthWatch* watch : {&whole, &segmentation, &models}) EXPECT_EQ(watch->Next(), HealthCheckResponse::NOT_SERVING);
  EXPECT_FALSE(served.parts().draining.load()) << "before its delay is over";
  stopping.join();  // though they watch
  EXPECT_EQ(liveness.Next(), std::nullopt) << "it was alive until the end";
}

}  // namespace
}  // namespace tuckerseg
