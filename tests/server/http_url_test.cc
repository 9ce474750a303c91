#include "server/http_url.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/engine/volume/expect_error.h"

namespace tuckerseg {
namespace {

TEST(ParseHttpUrl, TakesHostPortAndPathApart) {
  const HttpUrl url = ParseHttpUrl("traces.endpoint", "http://collector.example:4318/v1/traces");
  EXPECT_EQ(url.host, "collector.example");
  EXPECT_EQ(url.port, 4318);
  EXPECT_EQ(url.path, "/v1/traces");
  EXPECT_EQ(ParseHttpUrl("traces.endpoint", "http://[::1]:4318/").host, "::1");
  EXPECT_EQ(ParseHttpUrl("traces.endpoint", "http://127.0.0.1:1/a?b=c").path, "/a?b=c");
}

TEST(ParseHttpUrl, RefusesEverythingElseAndSaysWhatWouldBeRight) {
  for (const char* text : {"", "collector:4318/v1/traces", "https://collector:4318/v1/traces", "HTTP://collector:4318/v1/traces", "http://collector:4318",
                           "http://collector/v1/traces", "http://:4318/v1/traces", "http://collector:0/v1/traces", "http://collector:65536/v1/traces",
                           "http://collector:x/v1/traces", "http://user:secret@collector:4318/v1/traces", "http://collector:4318/v1 traces",
                           "http://collector:4318/v1/traces#part", "http://collector:4318/\r\nHost: other", "http://[]:4318/v1/traces"}) {
    SCOPED_TRACE(text);
    ExpectError(ErrorCode::kInvalidArgument, ": must be http://HOST:PORT/PATH with a port in [1, 65535]", [&] { ParseHttpUrl("traces.endpoint", text); });
  }
  ExpectError(ErrorCode::kInvalidArgument, "traces.endpoint: must be", [] { ParseHttpUrl("traces.endpoint", "collector:4318/v1/traces"); });
}

TEST(ParseHttpUrl, ShowsNothingOfAnAddressThatMayHoldASecret) {
  for (const char* text : {"http://user:secret@collector:4318/v1/traces", "http://secret@collector/\nsecond", "https://collector/v1/traces?key=secret", "https://collector/secret/v1/traces"}) {
    try {
      ParseHttpUrl("traces.endpoint", text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()), "traces.endpoint: must be http://HOST:PORT/PATH with a port in [1, 65535], without user and password");
    }
  }
}

}  // namespace
}  // namespace tuckerseg
