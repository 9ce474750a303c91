/// What calls of ModelInfer leave behind: as those of Segment, under their own name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/server/serve/encoded_call.h"
#include "tests/server/serve/inference_client.h"
#include "tests/server/serve/kept_spans.h"
#include "tests/server/serve/served_model.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

constexpr auto kTraceId = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr auto kTraceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(ModelInferMetrics, CountTheCallAndItsPatches) {
  ServedModel served;
  ASSERT_TRUE(Infer(served.channel(), RawRequest(kDhw, RandomVoxels<int16_t>())).status.ok());
  ASSERT_TRUE(served.BecomesIdle());
  const std::string page = served.metrics().Text();
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_requests_total{code="OK",device="cpu",method="ModelInfer",task="tiny",variant="original"} 1)"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_patch_duration_seconds_count{device="cpu",variant="original"} 12)"));
  EXPECT_THAT(page, HasSubstr(R"(grpc_server_handled_total{grpc_code="OK",grpc_method="ModelInfer",grpc_service="inference.GRPCInferenceService",grpc_type="unary"} 1)"));
}

TEST(ModelInferMetrics, CountACallWhoseMessageCannotBeRead) {
  ServedModel served;
  EXPECT_EQ(MakeCall({.messages = {"\xFF\xFF\xFF"}}, "/inference.GRPCInferenceService/ModelInfer", served.channel()).status.error_code(), grpc::INVALID_ARGUMENT);
  const std::string page = served.metrics().Text();
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_rejected_total{reason="INVALID_ARGUMENT"} 1)"));
  EXPECT_THAT(page, HasSubstr(R"(tuckerseg_requests_total{code="INVALID_ARGUMENT",device="",method="ModelInfer",task="",variant=""} 1)"));
}

TEST(ModelInferLog, SaysWhatTheOneOfSegmentSays) {
  ServedModel served;
  testing::internal::CaptureStdout();
  Infer(served.channel(), RawRequest(kDhw, RandomVoxels<int16_t>()), {{"traceparent", kTraceparent}});
  EXPECT_TRUE(served.BecomesIdle());
  const auto line = nlohmann::json::parse(testing::internal::GetCapturedStdout());
  EXPECT_EQ(line["event"], "segment");
  EXPECT_EQ(line["method"], "ModelInfer");
  EXPECT_EQ(line["trace_id"], kTraceId);
  EXPECT_EQ(line["reason"], "only");
  EXPECT_EQ(line["voxels"], 13 * 9 * 11);
  EXPECT_EQ(line["patches"], 12);
  EXPECT_GT(line["network_seconds"], 0);
  EXPECT_GT(line["foretold_seconds"], 0);
}

TEST(ModelInferTrace, BelongsToTheClientsUnderItsOwnName) {
  KeptSpans kept;
  ServedModel served(TracedTo(kept));
  Infer(served.channel(), RawRequest(kDhw, RandomVoxels<int16_t>()), {{"traceparent", kTraceparent}});
  ASSERT_TRUE(served.BecomesIdle());
  ASSERT_EQ(kept.requests().size(), 1U);
  const Span request = kept.requests().front().front();
  EXPECT_EQ(request.name, "inference.GRPCInferenceService/ModelInfer");
  EXPECT_EQ(request.trace_id, kTraceId);
  EXPECT_EQ(request.parent_id, "00f067aa0ba902b7");
}

TEST(ModelInferRequests, AreRememberedForPeople) {
  ServedModel served;
  Infer(served.channel(), RawRequest(kDhw, RandomVoxels<int16_t>()));
  ASSERT_TRUE(served.BecomesIdle());
  const auto requests = served.requests().Newest();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].code, "OK");
  EXPECT_EQ(requests[0].task, "tiny");
  EXPECT_EQ(requests[0].reason, "only");
}

}  // namespace
}  // namespace tuckerseg
