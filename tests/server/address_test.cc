#include "server/address.h"

#include <gtest/gtest.h>

#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

TEST(ParseAddress, SplitsHostAndPort) {
  EXPECT_EQ(ParseAddress("listen", "127.0.0.1:50051").host, "127.0.0.1");
  EXPECT_EQ(ParseAddress("listen", "127.0.0.1:50051").port, 50051);
  EXPECT_EQ(ParseAddress("listen", "localhost:0").port, 0);
  EXPECT_EQ(ParseAddress("listen", "[::1]:9464").host, "::1");
}

TEST(ParseAddress, RefusesWhatIsNone) {
  for (const char* text : {"", ":", "host", "host:", ":80", "host:65536", "host:99999", "host:-1", "host:80x", "host:http"}) {
    ExpectError(ErrorCode::kInvalidArgument, std::string("listen = ") + text + ": must be HOST:PORT", [&] { ParseAddress("listen", text); });
  }
}

TEST(ParseAddress, ShowsWhatIsNoneOnOneLine) {
  for (const char* text : {"a\nb", "a\nb:80", "a b:80"}) EXPECT_THROW(ParseAddress("listen", text), Error) << text;
  ExpectError(ErrorCode::kInvalidArgument, R"(listen = a\nb:80: must be HOST:PORT)", [] { ParseAddress("listen", "a\nb:80"); });
}

}  // namespace
}  // namespace tuckerseg
