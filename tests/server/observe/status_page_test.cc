#include "server/observe/status_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tuckerseg {
namespace {

using testing::HasSubstr;
using testing::Not;

StatusPageInput FullInput() {
  StatusPageInput input;
  input.version = "1.2.3";
  input.now = std::chrono::system_clock::time_point(std::chrono::seconds(1767225600));  // 2026-01-01
  ServerStatus status;
  status.executor = "LibTorch 2.15.0";
  status.devices.push_back({.name = "cuda:0",
                            .queue = QueueStatus{.waiting = {{-1, 0}, {0, 2}, {5, 1}}, .capacity = 16, .running = 1},
                            .memory = {.total = int64_t{80} << 30, .free = int64_t{60} << 30, .weights = 3 << 20, .reserved = {}}});
  status.levels.push_back({.model = "total-1.5", .task = "total", .level = "original", .device = "cuda:0", .error = "", .quality = 1,
                           .patch_s = 0.125, .weight_bytes = 3 << 20});
  status.levels.push_back({.model = "total-1.5", .task = "total", .level = "third", .device = "cuda:0", .state = LevelState::kAvailable, .error = "memory: no room", .weight_bytes = 1 << 20});
  status.levels.push_back({.model = "total-1.5", .task = "total", .level = "broken", .device = "cuda:0", .state = LevelState::kFailed, .error = "rank_in = 9: must be in [1, 8]"});
  input.status = status;
  input.requests.push_back({.started = input.now, .request_id = "0123abcd", .task = "total", .variant = "original", .reason = "quality",
                            .device = "cuda:0", .code = "OK", .seconds = 4.25, .stages = {{"receive", 0.25}, {"infer", 4}}});
  return input;
}

TEST(StatusPage, ShowsDevicesLevelsAndRequests) {
  const std::string page = StatusPage(FullInput());
  EXPECT_THAT(page, HasSubstr("<h1>tuckerseg 1.2.3</h1>"));
  EXPECT_THAT(page, HasSubstr("<strong>ready</strong>, as of 2026-01-01 00:00:00 UTC, LibTorch 2.15.0"));
  EXPECT_THAT(page, HasSubstr("<td>cuda:0</td><td class=\"number\">1</td><td class=\"number\">3 (priority 5: 1, 0: 2)</td><td class=\"number\">16</td>"
                              "<td class=\"number\">80.0 GiB</td><td class=\"number\">60.0 GiB</td><td class=\"number\">3.0 MiB</td><td class=\"number\">-</td>"));
  EXPECT_THAT(page, HasSubstr("<td>original</td><td>cuda:0</td><td>loaded</td><td class=\"number\">1.000</td><td class=\"number\">0.1250 s</td>"));
  EXPECT_THAT(page, HasSubstr("<td>third</td><td>cuda:0</td><td>available (memory: no room)</td>"));
  EXPECT_THAT(page, HasSubstr("<td>broken</td><td>cuda:0</td><td class=\"bad\">rank_in = 9: must be in [1, 8]</td><td class=\"number\">not measured</td>"));
  EXPECT_THAT(page, HasSubstr("<th>receive</th><th>infer</th>"));
  EXPECT_THAT(page, HasSubstr("<td>0123abcd</td><td>total</td><td>original</td><td>quality</td><td>cuda:0</td><td>OK</td>"
                              "<td class=\"number\">4.250</td><td class=\"number\">0.250</td><td class=\"number\">4.000</td>"));
}

TEST(StatusPage, LoadsAndRunsNothingAndRefreshesItself) {
  const std::string page = StatusPage(FullInput());
  EXPECT_THAT(page, HasSubstr(R"(<meta http-equiv="refresh" content="10">)"));
  for (const char* word : {"<script", "<img", "<link", "src=", "url(", "http://", "https://", "@import"}) EXPECT_THAT(page, Not(HasSubstr(word)));
}

TEST(StatusPage, SaysWhyNoCallsAreTakenWhereNothingElseIsKnown) {
  StatusPageInput input;
  input.not_ready = "starting: loading models";
  const std::string page = StatusPage(input);
  EXPECT_THAT(page, HasSubstr("not ready</strong>: starting: loading models"));
  EXPECT_THAT(page, Not(HasSubstr("<h2>Devices</h2>")));
  EXPECT_THAT(page, HasSubstr("none yet"));
}

TEST(StatusPage, EscapesEveryText) {
  const std::string hostile = "<b onclick='x'>\"&";
  StatusPageInput input = FullInput();
  input.version = hostile;
  input.not_ready = hostile;
  input.status->executor = hostile;
  input.status->devices.front().name = hostile;
  LevelStatus& level = input.status->levels.front();
  level.model = level.task = level.level = level.device = level.error = hostile;
  RequestEntry& request = input.requests.front();
  request.request_id = request.task = request.variant = request.reason = request.device = request.code = hostile;
  request.stages.front().stage = hostile;
  const std::string page = StatusPage(input);
  EXPECT_THAT(page, Not(HasSubstr("<b ")));
  EXPECT_THAT(page, Not(HasSubstr("onclick='")));
  EXPECT_THAT(page, HasSubstr("&lt;b onclick=&#39;x&#39;&gt;&quot;&amp;"));
}

}  // namespace
}  // namespace tuckerseg
