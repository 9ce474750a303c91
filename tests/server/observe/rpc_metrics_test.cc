#include "server/observe/rpc_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "server/observe/metrics.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

class RpcMetricsTest : public testing::Test {
 protected:
  int64_t Series() const {
    const std::string text = metrics_.Text();
    return std::count(text.begin(), text.end(), '\n');
  }

  Metrics metrics_{"1.2.3", {"cpu"}};
  const RpcMetrics rpcs_{metrics_.registry(), {{"tuckerseg.v1.ModelService", "ListModels", "unary"}}};
};

TEST_F(RpcMetricsTest, AreThereAtZeroForEveryCode) {
  const std::string text = metrics_.Text();
  const std::string labels = R"(grpc_method="ListModels",grpc_service="tuckerseg.v1.ModelService",grpc_type="unary")";
  EXPECT_THAT(text, HasSubstr("grpc_server_started_total{" + labels + "} 0"));
  EXPECT_THAT(text, HasSubstr("grpc_server_msg_received_total{" + labels + "} 0"));
  EXPECT_THAT(text, HasSubstr("grpc_server_msg_sent_total{" + labels + "} 0"));
  EXPECT_THAT(text, HasSubstr("grpc_server_handling_seconds_count{" + labels + "} 0"));
  for (const char* code : {"OK", "Canceled", "InvalidArgument", "Unauthenticated"})
    EXPECT_THAT(text, HasSubstr(std::string("grpc_server_handled_total{grpc_code=\"") + code + "\"," + labels + "} 0"));
}

TEST_F(RpcMetricsTest, CountAndTimeByMethodAndCode) {
  const RpcSeries& series = rpcs_.SeriesOf("/tuckerseg.v1.ModelService/ListModels");
  series.Started();
  series.Started();
  series.MessageReceived();
  series.MessageSent();
  series.MessageSent();
  series.Handled(5, 0.02);
  const std::string text = metrics_.Text();
  const std::string labels = R"(grpc_method="ListModels",grpc_service="tuckerseg.v1.ModelService",grpc_type="unary")";
  EXPECT_THAT(text, HasSubstr("grpc_server_started_total{" + labels + "} 2"));
  EXPECT_THAT(text, HasSubstr("grpc_server_msg_received_total{" + labels + "} 1"));
  EXPECT_THAT(text, HasSubstr("grpc_server_msg_sent_total{" + labels + "} 2"));
  EXPECT_THAT(text, HasSubstr("grpc_server_handled_total{grpc_code=\"NotFound\"," + labels + "} 1"));
  EXPECT_THAT(text, HasSubstr("grpc_server_handling_seconds_bucket{" + labels + ",le=\"0.025\"} 1"));
  EXPECT_THAT(text, HasSubstr("grpc_server_handling_seconds_bucket{" + labels + ",le=\"0.01\"} 0"));
}

TEST_F(RpcMetricsTest, CountACodeThatGrpcDoesNotHaveAsUnknown) {
  rpcs_.SeriesOf("/tuckerseg.v1.ModelService/ListModels").Handled(99, 1);
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(grpc_server_handled_total{grpc_code="Unknown",grpc_method="ListModels")"));
}

TEST_F(RpcMetricsTest, MakeNoSeriesOfAClientsWords) {
  const int64_t before = Series();
  for (const char* path : {"", "/", "/tuckerseg.v1.ModelService/", "/tuckerseg.v1.ModelService/ListModels/", "tuckerseg.v1.ModelService/ListModels",
                           "/tuckerseg.v1.ModelService/listmodels", "/evil\"}\n{x=\"y", "unknown"}) {
    rpcs_.SeriesOf(path).Started();
    rpcs_.SeriesOf(path).Handled(12, 0.001);
  }
  EXPECT_EQ(Series(), before);
  EXPECT_THAT(metrics_.Text(), HasSubstr(R"(grpc_server_started_total{grpc_method="unknown",grpc_service="unknown",grpc_type="unknown"} 8)"));
  EXPECT_THAT(metrics_.Text(), testing::Not(HasSubstr("evil")));
}

}  // namespace
}  // namespace tuckerseg
