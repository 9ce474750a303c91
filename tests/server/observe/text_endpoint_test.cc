#include "server/observe/text_endpoint.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "server/thread_stacks.h"
#include "tests/engine/volume/expect_error.h"
#include "tests/server/default_stack.h"
#include "tests/server/wait_until.h"

namespace tuckerseg {
namespace {

constexpr auto kAnyPort = "127.0.0.1:0";

TextPage Page(const std::string& path, const std::string& text) {
  return {path, [text] { return TextAnswer{.text = text}; }};
}

TEST(TextEndpoint, AnswersItsPathsWithTheirTextsAsTheyAreThen) {
  std::atomic<int> page = 0;
  const TextEndpoint endpoint(kAnyPort, {{"/metrics", [&] { return TextAnswer{.text = "page " + std::to_string(++page), .content_type = "text/x"}; }},
                                         Page("/", "root")});
  httplib::Client client("127.0.0.1", endpoint.port());
  EXPECT_EQ(client.Get("/metrics")->body, "page 1");
  const httplib::Result second = client.Get("/metrics");
  EXPECT_EQ(second->body, "page 2");
  EXPECT_EQ(second->status, 200);
  EXPECT_EQ(second->get_header_value("Content-Type"), "text/x");
  EXPECT_EQ(client.Get("/")->body, "root");
}

TEST(TextEndpoint, AnswersWithTheStatusOfThePage) {
  const TextEndpoint endpoint(kAnyPort, {{"/readyz", [] { return TextAnswer{.text = "starting", .status = 503}; }}});
  const httplib::Result answer = httplib::Client("127.0.0.1", endpoint.port()).Get("/readyz");
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->body, "starting");
}

TEST(TextEndpoint, HasNothingElse) {
  const TextEndpoint endpoint(kAnyPort, {Page("/metrics", "page")});
  httplib::Client client("127.0.0.1", endpoint.port());
  for (const char* path : {"/", "/metrics/", "/metricsx", "/etc/passwd", "/../etc/passwd"})
    EXPECT_EQ(client.Get(path)->status, 404) << path;
  EXPECT_EQ(client.Post("/metrics", "body", "text/plain")->status, 404);
}

TEST(TextEndpoint, LetsBrowsersLoadAndRunNothingAndKeepNoCopy) {
  const TextEndpoint endpoint(kAnyPort, {Page("/", "page")});
  const httplib::Result answer = httplib::Client("127.0.0.1", endpoint.port()).Get("/");
  EXPECT_EQ(answer->get_header_value("Content-Security-Policy"), "default-src 'none'; style-src 'unsafe-inline'");
  EXPECT_EQ(answer->get_header_value("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(answer->get_header_value("Cache-Control"), "no-store");
}

TEST(TextEndpoint, TellsNobodyWhatAPageHasThrown) {
  const TextEndpoint endpoint(kAnyPort, {{"/", []() -> TextAnswer { throw std::runtime_error("a secret"); }}});
  testing::internal::CaptureStdout();
  const httplib::Result answer = httplib::Client("127.0.0.1", endpoint.port()).Get("/");
  const std::string log = testing::internal::GetCapturedStdout();
  EXPECT_EQ(answer->status, 500);
  EXPECT_EQ(answer->body, "internal error\n");
  for (const auto& [name, value] : answer->headers) EXPECT_EQ(value.find("secret"), std::string::npos) << name;
  EXPECT_NE(log.find("a secret"), std::string::npos) << "the operator's log has it";
}

/// No line can be made of it, as if there were no memory for one: a text that is none cannot be copied.
class Untellable : public std::exception {
 public:
  const char* what() const noexcept override { return nullptr; }
};

TEST(TextEndpoint, GoesOnWhereTheLogCannotBeTold) {
  const TextEndpoint endpoint(kAnyPort, {{"/", []() -> TextAnswer { throw Untellable(); }}, Page("/healthz", "ok")});
  httplib::Client client("127.0.0.1", endpoint.port());
  const httplib::Result failed = client.Get("/");
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->status, 500);
  EXPECT_EQ(client.Get("/healthz")->body, "ok");
}

TEST(TextEndpoint, AnswersManyAtOnce) {
  const TextEndpoint endpoint(kAnyPort, {Page("/metrics", std::string(1 << 20, 'x'))});
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

/// A connection over which nothing is said but what the test says.
class SilentConnection {
 public:
  explicit SilentConnection(int port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    const timeval one_second{1, 0};
    EXPECT_EQ(setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &one_second, sizeof(one_second)), 0);
  }
  ~SilentConnection() { close(socket_); }
  SilentConnection(const SilentConnection&) = delete;
  SilentConnection& operator=(const SilentConnection&) = delete;

  /// False if the other side has given up, or takes nothing for a second.
  bool Send(std::string_view text) const { return send(socket_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()); }
  bool IsGivenUp() const {
    char byte = 0;
    return recv(socket_, &byte, 1, MSG_DONTWAIT) == 0;
  }

 private:
  int socket_;
};

using SilentConnections = std::vector<std::unique_ptr<SilentConnection>>;

SilentConnections ThatSayNothing(int count, int port) {
  SilentConnections silent;
  for (int i = 0; i < count; ++i) silent.push_back(std::make_unique<SilentConnection>(port));
  return silent;
}

TEST(TextEndpoint, AnswersWhileOthersSayNothing) {
  const TextEndpoint endpoint(kAnyPort, {Page("/healthz", "ok")});
  const SilentConnection first(endpoint.port());
  const SilentConnection second(endpoint.port());
  const SilentConnection third(endpoint.port());
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(httplib::Client("127.0.0.1", endpoint.port()).Get("/healthz")->body, "ok");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1)) << "the others are given up after two";
}

/// Asked by one that is patient.
httplib::Result HealthOf(const TextEndpoint& endpoint) {
  httplib::Client client("127.0.0.1", endpoint.port());
  client.set_read_timeout(10);
  return client.Get("/healthz");
}

TEST(TextEndpoint, AnswersWhileOthersSayLittle) {
  const TextEndpoint endpoint(kAnyPort, {Page("/healthz", "ok")});
  const SilentConnections slow = ThatSayNothing(8, endpoint.port());
  const std::jthread trickle([&slow](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      for (const auto& connection : slow) connection->Send("x");
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
    }
  });
  const httplib::Result answer = HealthOf(endpoint);
  ASSERT_TRUE(answer) << "they are given up after two seconds, however often they say something";
  EXPECT_EQ(answer->body, "ok");
}

TEST(TextEndpoint, AnswersSoonHoweverManySayNothing) {
  const TextEndpoint endpoint(kAnyPort, {Page("/healthz", "ok")});
  const SilentConnections silent = ThatSayNothing(200, endpoint.port());
  const httplib::Result answer = HealthOf(endpoint);
  ASSERT_TRUE(answer) << "eight at a time, two seconds each, they would take fifty";
  EXPECT_EQ(answer->body, "ok");
}

TEST(TextEndpoint, GivesUpThoseThatHaveWaitedLongestWhereTooManyWait) {
  const TextEndpoint endpoint(kAnyPort, {Page("/healthz", "ok")});
  const SilentConnections silent = ThatSayNothing(200, endpoint.port());
  const auto given_up = [&silent] { return std::count_if(silent.begin(), silent.end(), [](const auto& connection) { return connection->IsGivenUp(); }); };
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(WaitUntil([&] { return given_up() >= 200 - 64 - 8; })) << "64 wait for eight threads";
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(15)) << "eight at a time, two seconds each, they would take thirty";
}

TEST(TextEndpoint, StopsWithoutAnsweringThoseThatWait) {
  auto endpoint = std::make_unique<TextEndpoint>(kAnyPort, std::vector<TextPage>{Page("/healthz", "ok")});
  const SilentConnections silent = ThatSayNothing(60, endpoint->port());
  const auto begin = std::chrono::steady_clock::now();
  endpoint.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(8)) << "eight at a time, two seconds each, they would take fifteen";
}

TEST(TextEndpoint, TakesNoBodyAndNoLineWithoutEnd) {
  const TextEndpoint endpoint(kAnyPort, {Page("/metrics", "page")});
  constexpr int kMost = 1024;  // pieces of 64 KiB
  std::string piece = "10000\r\n";
  piece.append(65536, 'x').append("\r\n");
  for (const char* head : {"POST /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "PUT /x HTTP/1.1\r\n\r\n",
                           "POST /metrics HTTP/1.1\r\nContent-Length: 1000000000\r\n\r\n", "GET /"}) {
    const SilentConnection connection(endpoint.port());
    ASSERT_TRUE(connection.Send(head));
    int taken = 0;
    while (taken < kMost && connection.Send(piece)) ++taken;
    EXPECT_LT(taken, kMost) << head;
  }
}

TEST(TextEndpoint, GivesAPageOnceToWhoeverAsksForManyPartsOfIt) {
  const std::string page(1000, 'x');
  const TextEndpoint endpoint(kAnyPort, {Page("/metrics", page)});
  const httplib::Headers parts{{"Range", "bytes=0-,0-,0-,0-"}};
  const httplib::Result answer = httplib::Client("127.0.0.1", endpoint.port()).Get("/metrics", parts);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, page);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(_GLIBCXX_TSAN)  // std::regex as they compile it takes more
TEST(TextEndpoint, AnswersTheLongestQuestionOfRangesOnTheStacksThatAServerGivesItsThreads) {
  const DefaultStack of_glibc(size_t{2} << 20);  // where the main thread's may grow without limit
  EnsureThreadStacks();
  const TextEndpoint endpoint(kAnyPort, {Page("/metrics", "page")});
  const httplib::Headers longest{{"Range", "bytes=" + std::string(8170, '0') + "-"}};
  const httplib::Result answer = httplib::Client("127.0.0.1", endpoint.port()).Get("/metrics", longest);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "page");
}
#endif

TextPage Probe(const std::string& path) {
  return {path, [] { return TextAnswer{.text = "ok"}; }, /*is_probe=*/true};
}

constexpr int kThreads = 8;         // of the endpoint
constexpr int kMostAtPages = 6;     // of them
constexpr int kAsking = kThreads + 4;

TEST(TextEndpoint, AnswersProbesThoughMorePagesBlockThanThereAreThreads) {
  std::promise<void> release;
  const std::shared_future<void> released(release.get_future());
  std::atomic<int> answered = 0;
  std::atomic<int> refused = 0;
  const TextEndpoint endpoint(kAnyPort, {Probe("/healthz"), {"/metrics", [released] {
                                                                released.wait();
                                                                return TextAnswer{.text = "page"};
                                                              }}});
  const auto ask = [&] {
    httplib::Client client("127.0.0.1", endpoint.port());
    client.set_read_timeout(kLimit);
    const httplib::Result page = client.Get("/metrics");
    if (page && page->status == 200) ++answered;
    if (page && page->status == 503) ++refused;
  };
  std::vector<std::jthread> clients;
  for (int i = 0; i < kAsking; ++i) clients.emplace_back(ask);
  EXPECT_TRUE(WaitUntil([&] { return refused == kAsking - kMostAtPages; })) << "at once, so that they keep no thread";
  const httplib::Result health = HealthOf(endpoint);
  release.set_value();
  clients.clear();
  ASSERT_TRUE(health);
  EXPECT_EQ(health->body, "ok");
  EXPECT_EQ(answered, kMostAtPages) << "those that blocked";
  EXPECT_TRUE(WaitUntil([&] {
    ask();
    return answered > kMostAtPages;
  })) << "their threads are free again";
}

TEST(TextEndpoint, AnswersProbesThoughMorePagesAreReadSlowlyThanThereAreThreads) {
  std::atomic<int> made = 0;
  const TextEndpoint endpoint(kAnyPort, {Probe("/healthz"), {"/metrics", [&made] {
                                                                ++made;
                                                                return TextAnswer{.text = std::string(16 << 20, 'x')};  // more than lies in a connection
                                                              }}});
  const SilentConnections slow = ThatSayNothing(kAsking, endpoint.port());
  for (const auto& connection : slow) EXPECT_TRUE(connection->Send("GET /metrics HTTP/1.1\r\n\r\n"));
  EXPECT_TRUE(WaitUntil([&] { return made == kMostAtPages; }));
  const httplib::Result health = HealthOf(endpoint);
  ASSERT_TRUE(health) << "each may be read for half a minute";
  EXPECT_EQ(health->body, "ok");
}

TEST(TextEndpoint, RefusesAnAddressThatItCannotHave) {
  const TextEndpoint other(kAnyPort, {Page("/metrics", "page")});
  const std::string taken = "127.0.0.1:" + std::to_string(other.port());
  const auto listen = [](const std::string& address) { TextEndpoint(address, {Page("/metrics", "page")}); };
  ExpectError(ErrorCode::kInternal, "metrics = " + taken + ": cannot be listened at", [&] { listen(taken); });
  ExpectError(ErrorCode::kInvalidArgument, "metrics = 127.0.0.1:70000: must be HOST:PORT", [&] { listen("127.0.0.1:70000"); });
}

TEST(TextEndpoint, GivesItsPortBack) {
  auto first = std::make_unique<TextEndpoint>(kAnyPort, std::vector<TextPage>{Page("/a", "first")});
  const int port = first->port();
  first.reset();
  const TextEndpoint second("127.0.0.1:" + std::to_string(port), {Page("/a", "second")});
  EXPECT_EQ(httplib::Client("127.0.0.1", port).Get("/a")->body, "second");
}

}  // namespace
}  // namespace tuckerseg
