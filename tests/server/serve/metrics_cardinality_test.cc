/// Whatever clients call their tasks, levels, methods and traces: no label is made of it.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "tests/server/security/raw_call.h"
#include "tests/server/serve/compare_conversation.h"
#include "tests/server/serve/metric_page.h"
#include "tests/server/serve/segment_conversation.h"
#include "tests/server/serve/served_model.h"
#include "tuckerseg/v1/model.grpc.pb.h"

namespace tuckerseg {
namespace {

class MetricsCardinality : public testing::Test {
 protected:
  Answer Ask(const v1::SegmentHeader& header, const std::multimap<std::string, std::string>& metadata = {}) {
    SegmentConversation conversation(served_.channel(), std::chrono::system_clock::time_point::max(), metadata);
    if (conversation.SendHeader(header)) conversation.SendFile(ct_);
    return conversation.Finish();
  }

  /// One call of each kind with this name wherever a client can put one.
  void CallWith(const std::string& name) {
    v1::SegmentHeader task;
    task.set_task(name);
    EXPECT_EQ(Ask(task).status.error_code(), grpc::NOT_FOUND);
    v1::SegmentHeader level;
    level.mutable_level()->set_name(name);
    EXPECT_EQ(Ask(level).status.error_code(), grpc::NOT_FOUND);
    EXPECT_EQ(Compare(served_.channel(), ct_, Comparing({"original", name})).status.error_code(), grpc::NOT_FOUND);
    v1::SegmentHeader resumed;
    resumed.set_resume_level(name);
    EXPECT_EQ(Ask(resumed).status.error_code(), grpc::NOT_FOUND);
    v1::SegmentHeader structure;
    structure.add_structures(name);
    EXPECT_EQ(Ask(structure).status.error_code(), grpc::INVALID_ARGUMENT);
    v1::SegmentHeader served;
    served.set_idempotency_key(name.substr(0, 100));
    EXPECT_TRUE(Ask(served, {{"traceparent", kTraceparent}, {"user-agent-of-mine", "x"}}).status.ok());
    grpc::ClientContext context;
    v1::ListVariantsRequest request;
    request.set_task(name);
    v1::ListVariantsResponse response;
    EXPECT_EQ(v1::ModelService::NewStub(served_.channel())->ListVariants(&context, request, &response).error_code(), grpc::NOT_FOUND);
  }

  /// The page once the calls are over.
  std::string Page() {
    EXPECT_TRUE(served_.BecomesIdle());
    return served_.metrics().Text();
  }

  static constexpr auto kTraceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  ServedModel served_;
  const std::vector<std::byte> ct_ = SmallCt().Bytes();
};

TEST_F(MetricsCardinality, DoesNotGrowWithNamesOfClients) {
  CallWith("made-up");
  RawCall(served_.channel(), "/made.up.Service/Method");
  const std::set<std::string> before = SeriesOf(Page());
  for (int i = 0; i < 20; ++i) CallWith("hostile-" + std::to_string(i));
  for (const char* name : {"\"} 1\nhostile{x=\"", "hostile\\", "{{hostile}}", "Doe^John hostile", "\xC3\xA4hostile"}) CallWith(name);
  CallWith("hostile" + std::string(5000, 'x'));
  for (int i = 0; i < 20; ++i) RawCall(served_.channel(), "/hostile.Service/Method" + std::to_string(i));
  RawCall(served_.channel(), "/tuckerseg.v1.SegmentationService/hostile");
  const std::string page = Page();
  std::vector<std::string> added;
  const std::set<std::string> after = SeriesOf(page);
  std::set_difference(after.begin(), after.end(), before.begin(), before.end(), std::back_inserter(added));
  EXPECT_THAT(added, testing::IsEmpty());
  for (const char* word : {"hostile", "made-up", "made.up", "Doe", "4bf92f3577b34da6a3ce929d0e0e4736"}) EXPECT_THAT(page, testing::Not(testing::HasSubstr(word)));
}

TEST_F(MetricsCardinality, CountsCallsOfMethodsThatNobodyServesTogether) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(RawCall(served_.channel(), "/made.up.Service/Method" + std::to_string(i)).error_code(), grpc::UNIMPLEMENTED);
  EXPECT_THAT(Page(), testing::HasSubstr(R"(grpc_server_started_total{grpc_method="unknown",grpc_service="unknown",grpc_type="unknown"} 3)"));
}

}  // namespace
}  // namespace tuckerseg
