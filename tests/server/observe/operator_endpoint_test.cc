#include "server/observe/operator_endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "tests/engine/volume/expect_error.h"
#include "tests/server/wait_until.h"

namespace tuckerseg {
namespace {

using testing::HasSubstr;

class OperatorEndpointTest : public testing::Test {
 protected:
  httplib::Result Get(const std::string& path) const { return httplib::Client("127.0.0.1", endpoint_.port()).Get(path); }
  int StatusOf(const std::string& path) const { return Get(path)->status; }

  Metrics metrics_{"1.2.3", {"cpu"}};
  Readiness readiness_;
  LiveStatus live_;
  RequestRing requests_;
  const OperatorEndpoint endpoint_{"127.0.0.1:0", "1.2.3", metrics_, readiness_, live_, requests_};
};

TEST_F(OperatorEndpointTest, ServesMetricsToPrometheus) {
  metrics_.CountRejected("NOT_FOUND");
  const httplib::Result page = Get("/metrics");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->status, 200);
  EXPECT_THAT(page->get_header_value("Content-Type"), HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(page->body, HasSubstr(R"(tuckerseg_rejected_total{reason="NOT_FOUND"} 1)"));
}

TEST_F(OperatorEndpointTest, IsHealthyBeforeAnythingIsLoadedAndWhileTheServerStops) {
  EXPECT_EQ(Get("/healthz")->body, "ok");
  EXPECT_EQ(StatusOf("/healthz"), 200);
  readiness_.Draining();
  EXPECT_EQ(StatusOf("/healthz"), 200);
}

TEST_F(OperatorEndpointTest, IsReadyOnceCallsAreTakenAndSaysWhyNotBeforeAndAfter) {
  readiness_.Starting("loading models");
  EXPECT_EQ(StatusOf("/readyz"), 503);
  EXPECT_EQ(Get("/readyz")->body, "starting: loading models");
  readiness_.Ready();
  EXPECT_EQ(StatusOf("/readyz"), 200);
  EXPECT_EQ(Get("/readyz")->body, "ok");
  readiness_.Draining();
  EXPECT_EQ(StatusOf("/readyz"), 503);
  EXPECT_THAT(Get("/readyz")->body, HasSubstr("draining"));
}

TEST_F(OperatorEndpointTest, ShowsPeopleWhatThereIs) {
  EXPECT_THAT(Get("/")->body, HasSubstr("not ready"));
  RequestEntry entry;
  entry.request_id = "0123abcd";
  requests_.Add(entry);
  const LiveStatus::Shown shown = live_.Show([] {
    ServerStatus status;
    status.executor = "plain";
    return status;
  });
  const httplib::Result page = Get("/");
  EXPECT_THAT(page->get_header_value("Content-Type"), HasSubstr("text/html; charset=utf-8"));
  EXPECT_THAT(page->body, HasSubstr("plain"));
  EXPECT_THAT(page->body, HasSubstr("0123abcd"));
}

TEST_F(OperatorEndpointTest, IsHealthyAndSaysWhetherItIsReadyThoughADeviceDoesNotAnswer) {
  readiness_.Ready();
  std::promise<void> release;
  const LiveStatus::Shown shown = live_.Show([released = std::shared_future<void>(release.get_future())] {
    released.wait();
    return ServerStatus();
  });
  std::atomic<int> refused = 0;
  std::vector<std::jthread> readers;
  for (int i = 0; i < 12; ++i) {
    readers.emplace_back([&] {
      httplib::Client client("127.0.0.1", endpoint_.port());
      client.set_read_timeout(kLimit);
      const httplib::Result page = client.Get("/");
      if (page && page->status == 503) ++refused;
    });
  }
  EXPECT_TRUE(WaitUntil([&] { return refused == 6; })) << "the other six wait for the device";
  const httplib::Result health = Get("/healthz");
  const httplib::Result ready = Get("/readyz");
  release.set_value();
  readers.clear();
  ASSERT_TRUE(health && ready);
  EXPECT_EQ(health->body, "ok");
  EXPECT_EQ(ready->body, "ok");
}

TEST_F(OperatorEndpointTest, RefusesAnAddressThatSomeoneElseHas) {
  const std::string address = "127.0.0.1:" + std::to_string(endpoint_.port());
  ExpectError(ErrorCode::kInternal, "metrics = " + address + ": cannot be listened at",
              [&] { OperatorEndpoint(address, "1.2.3", metrics_, readiness_, live_, requests_); });
}

}  // namespace
}  // namespace tuckerseg
