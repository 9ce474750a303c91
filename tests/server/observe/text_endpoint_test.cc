#include "server/observe/text_endpoint.h"

#include <gtest/gtest.h>
#include <httplib.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

constexpr auto kAnyPort = "127.0.0.1:0";

TEST(TextEndpoint, AnswersItsPathWithTheTextAsItIsThen) {
  std::atomic<int> page = 0;
  const TextEndpoint endpoint(kAnyPort, "/metrics", "text/plain",
                              [&] { return "page " + std::to_string(++page); });
  httplib::Client client("127.0.0.1", endpoint.port());
  EXPECT_EQ(client.Get("/metrics")->body, "page 1");
  const httplib::Result second = client.Get("/metrics");
  EXPECT_EQ(second->body, "page 2");
  EXPECT_EQ(second->status, 200);
  EXPECT_EQ(second->get_header_value("Content-Type"), "text/plain");
}

TEST(TextEndpoint, HasNothingElse) {
  const TextEndpoint endpoint(kAnyPort, "/metrics", "text/plain", [] { return "page"; });
  httplib::Client client("127.0.0.1", endpoint.port());
  for (const char* path : {"/", "/metrics/", "/metricsx", "/etc/passwd"})
    EXPECT_EQ(client.Get(path)->status, 404) << path;
}

TEST(TextEndpoint, AnswersManyAtOnce) {
  const TextEndpoint endpoint(kAnyPort, "/metrics", "text/plain", [] { return std::string(1 << 20, 'x'); });
  std::atomic<int> whole = 0;
  std::vector<std::jthread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      httplib::Client client("127.0.0.1", endpoint.port());
      client.set_read_timeout(60);
      const httplib::Result page = client.Get("/metrics");
      if (page && page->body.size() == 1 << 20) ++whole;
    });
  }
  clients.clear();
  EXPECT_EQ(whole, 4);
}

TEST(TextEndpoint, RefusesAnAddressThatItCannotHave) {
  const TextEndpoint other(kAnyPort, "/metrics", "text/plain", [] { return "page"; });
  const std::string taken = "127.0.0.1:" + std::to_string(other.port());
  const auto listen = [](const std::string& address) { TextEndpoint(address, "/metrics", "text/plain", [] { return "page"; }); };
  ExpectError(ErrorCode::kInternal, "metrics = " + taken + ": cannot be listened at", [&] { listen(taken); });
  ExpectError(ErrorCode::kInvalidArgument, "metrics = 127.0.0.1:70000: must be HOST:PORT", [&] { listen("127.0.0.1:70000"); });
}

TEST(TextEndpoint, GivesItsPortBack) {
  auto first = std::make_unique<TextEndpoint>(kAnyPort, "/a", "text/plain", [] { return "first"; });
  const int port = first->port();
  first.reset();
  const TextEndpoint second("127.0.0.1:" + std::to_string(port), "/a", "text/plain", [] { return "second"; });
  EXPECT_EQ(httplib::Client("127.0.0.1", port).Get("/a")->body, "second");
}

}  // namespace
}  // namespace tuckerseg
