/// Looks for canaries (canary_files.h) with a server and with those who watch it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <signal.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

#include "tests/fault/canary_files.h"
#include "tests/fault/running_server.h"
#include "tests/server/observe/trace_collector.h"

namespace tuckerseg {

/// The canaries' surroundings are in the failure's message, as each says where it comes from.
inline void ExpectNoCanary(const std::string& where, const std::string& text) {
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const std::string_view word : {kCanary, kCanaryDigits, kCanaryDate}) {
    const size_t at = lower.find(word);
    EXPECT_EQ(at, std::string::npos) << where << ": ..." << text.substr(at < 80 ? 0 : at - 80, 240);
  }
}

/// On the pages for operators.
inline void ExpectNoCanaryOnPages(int metrics_port) {
  httplib::Client operators("127.0.0.1", metrics_port);
  for (const char* path : {"/metrics", "/", "/readyz", "/healthz"}) {
    const auto page = operators.Get(path);
    ASSERT_TRUE(page) << path;
    EXPECT_EQ(page->status, 200) << path;
    ExpectNoCanary(std::string("page ") + path, page->body);
  }
}

/// Asks the server to stop and looks at all that it has written since its start. Returns its log.
inline std::string StopAndExpectNoCanary(RunningServer& server) {
  EXPECT_EQ(server.Stop(), 0);
  server.process().RestOfLog();  // to its end
  const std::string log = server.process().WholeLog();
  ExpectNoCanary("log", log);
  ExpectNoCanary("standard error", server.process().Errors());
  return log;
}

inline void ExpectNoCanaryIn(const TraceCollector& collector) {
  for (const nlohmann::json& span : collector.spans()) ExpectNoCanary("traces", span.dump());
}

}  // namespace tuckerseg
