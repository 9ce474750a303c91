/// How often a client may ping, and how the server finds out that one has gone (docs/api.md, Keepalive). Pings are made here byte by byte: gRPC's own clients would take minutes to be told
/// off, and answer by themselves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <thread>

#include "tests/server/serve/raw_connection.h"
#include "tests/server/serve/served_model.h"
#include "tests/server/wait_until.h"

namespace tuckerseg {
namespace {

using std::chrono::milliseconds;

// Of HTTP/2 (RFC 9113, section 6).
constexpr char kSettings = 4;
constexpr char kPing = 6;
constexpr char kGoaway = 7;
constexpr char kAck = 1;
constexpr size_t kHeadBytes = 9;

struct HttpFrame {
  char type = 0;
  char flags = 0;
  std::string payload = {};
};

/// A frame of the connection itself, of fewer than 128 bytes.
std::string BytesOf(const HttpFrame& frame) {
  const std::string head{'\0', '\0', static_cast<char>(frame.payload.size()), frame.type, frame.flags, '\0', '\0', '\0', '\0'};
  return head + frame.payload;
}

/// A client of HTTP/2 that makes no call.
class PingingClient {
 public:
  explicit PingingClient(int port) : connection_(port) { connection_.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + BytesOf({.type = kSettings})); }

  /// True once it is answered; false where the server says goodbye instead.
  bool Ping() {
    connection_.Send(BytesOf({.type = kPing, .payload = "12345678"}));
    while (const std::optional<HttpFrame> frame = Next()) {
      if (frame->type == kGoaway) return false;
      if (frame->type == kPing && frame->flags == kAck) return true;
    }
    return false;
  }
  /// How long the server says nothing until it pings; answers no ping. Nothing where none comes for so long.
  std::optional<double> SecondsUntilItIsPinged(milliseconds patience) {
    const auto begin = std::chrono::steady_clock::now();
    while (const std::optional<HttpFrame> frame = Next(patience))
      if (frame->type == kPing && frame->flags != kAck) return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return {};
  }
  /// How long the connection lasts; nothing where it is longer than so.
  std::optional<double> SecondsUntilItIsDropped(milliseconds patience) const {
    const auto begin = std::chrono::steady_clock::now();
    const auto seconds = [&begin] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
    while (!connection_.Receive(patience).empty()) {
    }
    if (connection_.IsOpen()) return {};
    return seconds();
  }
  /// Whether neither a goodbye nor the connection's end comes for a while.
  bool IsLetBe() {
    while (const std::optional<HttpFrame> frame = Next(milliseconds(500)))
      if (frame->type == kGoaway) return false;
    return connection_.IsOpen();
  }
  /// Pings so many times at once. The reason that the server gives for its goodbye; empty where none comes.
  std::string GoodbyeToPings(int count) {
    std::string pings;
    for (int ping = 0; ping < count; ++ping) pings += BytesOf({.type = kPing, .payload = "12345678"});
    connection_.Send(pings);
    while (const std::optional<HttpFrame> frame = Next())
      if (frame->type == kGoaway) return frame->payload.substr(8);  // behind the last stream and the code
    return "";
  }

 private:
  static size_t LengthOf(const std::string& head) {
    size_t length = 0;
    for (size_t i = 0; i < 3; ++i) length = (length << 8) | static_cast<unsigned char>(head[i]);
    return length;
  }
  bool HasOne() const { return received_.size() >= kHeadBytes && received_.size() >= kHeadBytes + LengthOf(received_); }
  /// The next frame; nothing where the connection has ended, or nothing comes for so long.
  std::optional<HttpFrame> Next(milliseconds patience = kLimit) {
    while (!HasOne()) {
      const std::string more = connection_.Receive(patience);
      if (more.empty()) return {};
      received_ += more;
    }
    const size_t length = LengthOf(received_);
    HttpFrame frame{.type = received_[3], .flags = received_[4], .payload = received_.substr(kHeadBytes, length)};
    received_.erase(0, kHeadBytes + length);
    if (frame.type == kSettings && frame.flags != kAck) connection_.Send(BytesOf({.type = kSettings, .flags = kAck}));
    return frame;
  }

  RawConnection connection_;
  std::string received_;
};

TEST(Keepalive, OfClientsThatPingEveryTenSecondsIsAnsweredThoughTheyMakeNoCall) {
  ServedModel served;
  PingingClient client(served.server().port());
  // The second and the third come too early, which gRPC forgives; one more that did would be too many.
  for (int ping = 0; ping < 3; ++ping) ASSERT_TRUE(client.Ping());
  std::this_thread::sleep_for(milliseconds(10'200));
  EXPECT_TRUE(client.Ping()) << "the tenth second is over";
  EXPECT_TRUE(client.IsLetBe());
  EXPECT_THAT(client.GoodbyeToPings(4), testing::HasSubstr("too_many_pings")) << "who pings without a pause";
}

/// Its machine has lost its power, say: no word comes any more, not even that the connection has ended.
TEST(Keepalive, FindsOutThatAClientHasGoneWithoutAWord) {
  ServedModel served;
  PingingClient client(served.server().port());
  ASSERT_TRUE(client.Ping());
  const auto pinged_s = client.SecondsUntilItIsPinged(std::chrono::seconds(40));
  ASSERT_TRUE(pinged_s);
  EXPECT_NEAR(*pinged_s, 30, 5);
  const auto dropped_s = client.SecondsUntilItIsDropped(std::chrono::seconds(30));
  ASSERT_TRUE(dropped_s);
  EXPECT_NEAR(*dropped_s, 20, 5);
}

}  // namespace
}  // namespace tuckerseg
