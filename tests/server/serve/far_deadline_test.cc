/// Calls of Segment whose deadline lies centuries ahead: nanoseconds since 1970 end in the year 2262 in 64 bits.
#include <gmock/gmock.h>
#include <grpc/support/time.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "tests/server/serve/held_model.h"
#include "tests/server/serve/segment_conversation.h"
#include "tuckerseg/v1/segmentation.grpc.pb.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

/// A call that has sent all of its request. Inside the process, as gRPC's own client tells a port of 27000 hours at most: what Go's `context.WithTimeout(ctx, math.MaxInt64)` sends are 2562048.
class FarCall {
 public:
  FarCall(ServedModel& served, int64_t years) : stub_(v1::SegmentationService::NewStub(served.server().InProcessChannel())) {
    context_.set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_REALTIME), gpr_time_from_hours(years * 365 * 24, GPR_TIMESPAN)));
    stream_ = stub_->Segment(&context_);
    const std::vector<std::byte> ct = SmallCt().Bytes();
    v1::SegmentRequest request;
    request.mutable_header();
    EXPECT_TRUE(stream_->Write(request));
    request.set_chunk(ct.data(), ct.size());
    EXPECT_TRUE(stream_->Write(request));
    stream_->WritesDone();
  }

  void Cancel() { context_.TryCancel(); }
  grpc::Status Finish() {
    v1::SegmentResponse response;
    while (stream_->Read(&response)) {
    }
    return stream_->Finish();
  }

 private:
  const std::unique_ptr<v1::SegmentationService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::SegmentRequest, v1::SegmentResponse>> stream_;
};

TEST(FarDeadline, HasNotPassed) {
  ServedModel served;
  for (const int64_t years : {200, 250, 300, 10'000}) {
    const grpc::Status status = FarCall(served, years).Finish();
    EXPECT_TRUE(status.ok()) << years << " years: " << status.error_message();
  }
}

TEST(FarDeadline, IsNotWhatEndsACallThatItsClientCancels) {
  HeldModel held;
  FarCall call(held.served(), 300);
  ASSERT_TRUE(held.gate().WaitForPatch(1));
  call.Cancel();
  EXPECT_EQ(call.Finish().error_code(), grpc::CANCELLED);
  held.gate().Open();
  ASSERT_TRUE(held.served().BecomesIdle());
  EXPECT_THAT(held.served().metrics().Text(), HasSubstr(R"(tuckerseg_requests_total{code="CANCELLED",device="cpu",method="Segment",task="tiny",variant="original"} 1)"));
}

}  // namespace
}  // namespace tuckerseg
