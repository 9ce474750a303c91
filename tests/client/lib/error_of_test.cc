/// A gRPC status comes back as the error that was thrown.
#include "client/lib/error_of.h"

#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/serve/status_of.h"

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

TEST(ErrorOf, GivesBackAllThatAServerTells) {
  const Error thrown = Error(ErrorCode::kResourceExhausted, "volume: needs 101 bytes").RetryAfter(2.5).AtLimit(ByteLimit{.needed_bytes = 101, .limit_bytes = 100});
  const Error error = ErrorOf(StatusOf([&] { throw thrown; }, [] { return "queue"; }));
  EXPECT_EQ(error.code(), thrown.code());
  EXPECT_STREQ(error.what(), thrown.what());
  EXPECT_EQ(error.retry_after_s(), thrown.retry_after_s());
  EXPECT_EQ(error.byte_limit(), thrown.byte_limit());
  EXPECT_EQ(error.stage(), "queue");
  const Error copy = error;
  EXPECT_EQ(copy.stage(), "queue");
}

TEST(ErrorOf, TellsNoLimitAndNoStageThatTheServerDoesNotTell) {
  const Error error = ErrorOf(StatusOf([] { throw Error(ErrorCode::kNotFound, "task = heart"); }));
  EXPECT_FALSE(error.byte_limit());
  EXPECT_EQ(error.stage(), "");
}

TEST(ErrorOf, PassesOverNumbersThatAreNone) {
  google::rpc::ErrorInfo info;
  (*info.mutable_metadata())["needed_bytes"] = "101 or so";
  (*info.mutable_metadata())["limit_bytes"] = "100";
  google::rpc::Status details;
  details.add_details()->PackFrom(info);
  EXPECT_FALSE(ErrorOf({grpc::StatusCode::RESOURCE_EXHAUSTED, "volume", details.SerializeAsString()}).byte_limit());
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
