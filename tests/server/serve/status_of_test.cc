#include "server/serve/status_of.h"

#include <gmock/gmock.h>
#include <google/protobuf/any.pb.h>
#include <gtest/gtest.h>

#include <new>
#include <stdexcept>
#include <system_error>

#include "engine/error.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/server/serve/status_details.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;
using testing::Not;

grpc::Status StatusOfError(const Error& error) {
  return StatusOf([&] { throw error; });
}

TEST(StatusOf, IsOkWhereNothingIsThrown) {
  EXPECT_TRUE(StatusOf([] {}).ok());
}

TEST(StatusOf, TurnsEachErrorCodeIntoItsStatusWithTheMessage) {
  const std::pair<ErrorCode, grpc::StatusCode> codes[] = {
      {ErrorCode::kInvalidArgument, grpc::INVALID_ARGUMENT},
      {ErrorCode::kNotFound, grpc::NOT_FOUND},
      {ErrorCode::kFailedPrecondition, grpc::FAILED_PRECONDITION},
      {ErrorCode::kResourceExhausted, grpc::RESOURCE_EXHAUSTED},
      {ErrorCode::kDeadlineExceeded, grpc::DEADLINE_EXCEEDED},
      {ErrorCode::kCancelled, grpc::CANCELLED},
      {ErrorCode::kDataLoss, grpc::DATA_LOSS},
      {ErrorCode::kUnavailable, grpc::UNAVAILABLE}};
  for (const auto& [code, expected] : codes) {
    const grpc::Status status = StatusOfError(Error(code, "field = 1: must be 2"));
    SCOPED_TRACE(NameOf(expected));
    EXPECT_EQ(status.error_code(), expected);
    EXPECT_EQ(status.error_message(), "field = 1: must be 2");
    const auto details = Details(status);
    EXPECT_EQ(details.code(), expected);
    EXPECT_EQ(details.message(), status.error_message());
    const auto info = DetailOf<google::rpc::ErrorInfo>(status);
    ASSERT_TRUE(info);
    EXPECT_EQ(info->domain(), "tuckerseg");
    EXPECT_EQ(info->reason(), NameOf(expected));
    EXPECT_EQ(DetailOf<google::rpc::BadRequest>(status).has_value(), code == ErrorCode::kInvalidArgument);
    EXPECT_FALSE(DetailOf<google::rpc::RetryInfo>(status));
  }
}

TEST(StatusOf, NamesTheFieldOfABadRequest) {
  for (const auto& [message, field] : {std::pair{"pixdim[3] = 0: must be in [0.01, 50] mm", "pixdim[3]"},
                                       {"header.sha256: must be 64 digits", "header.sha256"},
                                       {"magic: must be \"n+1\", a = b", "magic"}}) {
    const grpc::Status status = StatusOfError(Error(ErrorCode::kInvalidArgument, message));
    const auto request = DetailOf<google::rpc::BadRequest>(status);
    ASSERT_TRUE(request);
    ASSERT_EQ(request->field_violations_size(), 1);
    EXPECT_EQ(request->field_violations(0).field(), field);
    EXPECT_EQ(request->field_violations(0).description(), message);
    EXPECT_EQ(DetailOf<google::rpc::ErrorInfo>(status)->metadata().at("field"), field);
  }
}

TEST(StatusOf, SaysWhenToTryAgainWhereWaitingHelps) {
  const auto retry = DetailOf<google::rpc::RetryInfo>(
      StatusOfError(Error(ErrorCode::kResourceExhausted, "queue: full").RetryAfter(2.5)));
  ASSERT_TRUE(retry);
  EXPECT_EQ(retry->retry_delay().seconds(), 2);
  EXPECT_EQ(retry->retry_delay().nanos(), 500'000'000);
}

TEST(StatusOf, TellsTheNumbersOfALimitOfBytesAndTheStage) {
  const auto refuse = [](ErrorCode code) { throw Error(code, "volume: needs 101 bytes").AtLimit(ByteLimit{.needed_bytes = 101, .limit_bytes = 100}); };
  const grpc::Status status = StatusOf([&] { refuse(ErrorCode::kResourceExhausted); }, [] { return "queue"; });
  EXPECT_EQ(DetailOf<google::rpc::ErrorInfo>(status)->metadata().size(), 3U);
  EXPECT_EQ(InfoOf(status, "needed_bytes"), "101");
  EXPECT_EQ(InfoOf(status, "limit_bytes"), "100");
  EXPECT_EQ(InfoOf(status, "stage"), "queue");
  const grpc::Status invalid = StatusOf([&] { refuse(ErrorCode::kInvalidArgument); }, [] { return "decode"; });
  EXPECT_EQ(DetailOf<google::rpc::ErrorInfo>(invalid)->metadata().size(), 4U);
  EXPECT_EQ(InfoOf(invalid, "field"), "volume") << "beside what else there is";
}

TEST(StatusOf, TellsNoNumbersAndNoStageWhereThereAreNone) {
  const grpc::Status status = StatusOfError(Error(ErrorCode::kNotFound, "task = heart"));
  EXPECT_TRUE(DetailOf<google::rpc::ErrorInfo>(status)->metadata().empty());
  const grpc::Status early = StatusOf([] { throw Error(ErrorCode::kNotFound, "task = heart"); }, []() -> const char* { return nullptr; });
  EXPECT_TRUE(DetailOf<google::rpc::ErrorInfo>(early)->metadata().empty());
}

TEST(StatusOf, TellsTheStageInWhichThereWasNoMemoryLeft) {
  EXPECT_EQ(InfoOf(StatusOf([] { throw std::bad_alloc(); }, [] { return "postprocess"; }), "stage"), "postprocess");
}

TEST(StatusOf, TreatsMissingMemoryAsSomethingThatPasses) {
  const grpc::Status status = StatusOf([] { throw std::bad_alloc(); });
  EXPECT_EQ(status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(DetailOf<google::rpc::RetryInfo>(status));
}

TEST(StatusOf, TreatsMissingThreadsAsSomethingThatPasses) {
  const grpc::Status status = StatusOf([] { throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again)); });
  EXPECT_EQ(status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("threads: none left"));
  EXPECT_TRUE(DetailOf<google::rpc::RetryInfo>(status));
  const grpc::Status other = StatusOf([] { throw std::system_error(std::make_error_code(std::errc::io_error)); });
  EXPECT_EQ(other.error_code(), grpc::INTERNAL);
}

TEST(StatusOf, TellsTheClientAnIdAloneWhereTheFaultIsOursAndTheLogTheReason) {
  const std::function<void()> faults[] = {[] { throw std::runtime_error("secret"); },
                                          [] { throw Error(ErrorCode::kInternal, "secret"); }};
  for (const auto& fault : faults) {
    testing::internal::CaptureStdout();
    const grpc::Status status = StatusOf(fault);
    const std::string log = testing::internal::GetCapturedStdout();
    EXPECT_EQ(status.error_code(), grpc::INTERNAL);
    EXPECT_THAT(status.error_message(), testing::MatchesRegex("internal error [0-9a-f]+"));
    EXPECT_EQ(status.error_details(), "");
    EXPECT_THAT(log, HasSubstr("secret"));
    EXPECT_THAT(log, HasSubstr(status.error_message().substr(15))) << "the id";
  }
}

TEST(StatusOf, SurvivesWhatIsNoException) {
  EXPECT_EQ(StatusOf([] { throw 5; }).error_code(), grpc::INTERNAL);
}

TEST(StatusOf, HasAnAnswerWhereThereIsNoMemoryToWordOne) {
  const auto no_memory = []() -> const char* { throw std::bad_alloc(); };
  EXPECT_EQ(StatusOf([] { throw Error(ErrorCode::kNotFound, "task = x: not served"); }, no_memory).error_code(), grpc::RESOURCE_EXHAUSTED);
}

TEST(StatusOf, ShortensAMessageSoThatItFitsIntoMetadata) {
  std::string name;
  while (name.size() < 100'000) name += "\xC3\xA4";  // two bytes each: it must not be cut within one
  const grpc::Status status = StatusOfError(Error(ErrorCode::kInvalidArgument, name));
  EXPECT_LE(status.error_message().size(), 1000U);
  EXPECT_EQ(status.error_message().substr(0, 2), "\xC3\xA4");
  EXPECT_EQ(status.error_message().substr(status.error_message().size() - 5), "\xC3\xA4...");
  // gRPC's default is 8 KiB for all metadata: message in percent encoding, details in base64.
  EXPECT_LE(3 * status.error_message().size() + status.error_details().size() * 4 / 3, 8000U);
}

TEST(NameOfStatusCode, IsGrpcsOwn) {
  EXPECT_EQ(NameOf(grpc::StatusCode::OK), "OK");
  EXPECT_EQ(NameOf(grpc::StatusCode::INVALID_ARGUMENT), "INVALID_ARGUMENT");
  EXPECT_EQ(NameOf(grpc::StatusCode::UNAUTHENTICATED), "UNAUTHENTICATED");
  EXPECT_EQ(NameOf(static_cast<grpc::StatusCode>(99)), "UNKNOWN");
}

}  // namespace
}  // namespace tuckerseg
