/// A gRPC status comes back as the error that was thrown.
#include "client/lib/error_of.h"

#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace tuckerseg {
namespace {

TEST(ErrorOf, KeepsCodeAndMessage) {
  const Error error = ErrorOf({grpc::StatusCode::INVALID_ARGUMENT, "pixdim[1] = 0: must be above 0"});
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_STREQ(error.what(), "pixdim[1] = 0: must be above 0");
  EXPECT_FALSE(error.retry_after_s());
}

TEST(ErrorOf, TellsWhenToTryAgain) {
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(5);
  retry.mutable_retry_delay()->set_nanos(500'000'000);
  google::rpc::Status details;
  details.add_details()->PackFrom(google::rpc::ErrorInfo());
  details.add_details()->PackFrom(retry);
  const Error error = ErrorOf({grpc::StatusCode::RESOURCE_EXHAUSTED, "queue: full", details.SerializeAsString()});
  EXPECT_EQ(error.code(), ErrorCode::kResourceExhausted);
  EXPECT_DOUBLE_EQ(error.retry_after_s().value(), 5.5);
}

TEST(ErrorOf, TellsAlikeThatTheClientMayNotCallAndThatThereIsNoSuchCall) {
  for (const grpc::StatusCode code : {grpc::StatusCode::UNAUTHENTICATED, grpc::StatusCode::PERMISSION_DENIED, grpc::StatusCode::UNIMPLEMENTED})
    EXPECT_EQ(ErrorOf({code, "role: must be segment"}).code(), ErrorCode::kFailedPrecondition) << code;
}

TEST(ErrorOf, BearsDetailsThatAreNone) {
  EXPECT_EQ(ErrorOf({grpc::StatusCode::UNKNOWN, "", "not a message"}).code(), ErrorCode::kInternal);
}

}  // namespace
}  // namespace tuckerseg
