#include "server/observe/status_page.h"

#include <ctime>
#include <string_view>
#include <utility>

#include "engine/text_table.h"
#include "server/observe/html_text.h"

namespace tuckerseg {
namespace {

constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="10">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>tuckerseg</title>
<style>
:root { color-scheme: light dark; }
body { font: 15px/1.4 system-ui, sans-serif; margin: 1.5em; }
table { border-collapse: collapse; margin: 0 0 1.5em; }
th, td { text-align: left; padding: 0.2em 0.8em 0.2em 0; border-bottom: 1px solid #8886; vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.bad { color: #c33; }
</style></head><body>
)";

/// A table that is filled cell by cell; every text is escaped here and nowhere else.
class HtmlTable {
 public:
  explicit HtmlTable(const std::vector<std::string>& titles) {
    html_ = "<table><thead><tr>";
    for (const std::string& title : titles) Cell("<th>", title, "</th>");
    html_ += "</tr></thead><tbody>\n";
  }
  void Row() {
    html_ += row_open_ ? "</tr>\n<tr>" : "<tr>";
    row_open_ = true;
  }
  void Text(const std::string& text) { Cell("<td>", text, "</td>"); }
  void Bad(const std::string& text) { Cell("<td class=\"bad\">", text, "</td>"); }
  void Number(const std::string& text) { Cell("<td class=\"number\">", text, "</td>"); }
  std::string Html() && {
    html_ += row_open_ ? "</tr></tbody></table>\n" : "</tbody></table>\n";
    return std::move(html_);
  }

 private:
  void Cell(const char* begin, const std::string& text, const char* end) { html_.append(begin).append(HtmlText(text)).append(end); }

  std::string html_;
  bool row_open_ = false;
};

std::string UtcText(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &parts)};
}

std::string OrDash(const std::optional<int64_t>& bytes) { return bytes ? BytesText(*bytes) : "-"; }

/// "2 (priority 5: 1, 0: 1)".
std::string WaitingText(const QueueStatus& queue) {
  int64_t sum = 0;
  std::string by_priority;
  for (auto it = queue.waiting.rbegin(); it != queue.waiting.rend(); ++it) {
    sum += it->second;
    if (it->second == 0) continue;
    by_priority.append(by_priority.empty() ? " (priority " : ", ").append(std::to_string(it->first)).append(": ").append(std::to_string(it->second));
  }
  if (!by_priority.empty()) by_priority += ")";
  return std::to_string(sum) + by_priority;
}

std::string Devices(const std::vector<DeviceStatus>& devices) {
  HtmlTable table({"device", "running", "waiting", "may wait or run", "memory", "free", "weights", "reserved by requests"});
  for (const DeviceStatus& device : devices) {
    table.Row();
    table.Text(device.name);
    table.Number(device.queue ? std::to_string(device.queue->running) : "-");
    table.Number(device.queue ? WaitingText(*device.queue) : "-");
    table.Number(device.queue ? std::to_string(device.queue->capacity) : "-");
    for (const auto& bytes : {device.memory.total, device.memory.free, device.memory.weights, device.memory.reserved}) table.Number(OrDash(bytes));
  }
  return std::move(table).Html();
}

std::string Levels(const std::vector<LevelStatus>& levels) {
  HtmlTable table({"model", "task", "level", "device", "state", "quality", "a patch takes", "weights"});
  for (const LevelStatus& level : levels) {
    table.Row();
    for (const std::string& text : {level.model, level.task, level.level, level.device}) table.Text(text);
    if (level.state == LevelState::kFailed) {
      table.Bad(level.error);
    } else {
      table.Text(NameOf(level.state) + (level.error.empty() ? "" : " (" + level.error + ")"));
    }
    table.Number(level.quality ? Fixed(*level.quality, 3) : "not measured");
    table.Number(level.patch_s ? SecondsText(*level.patch_s) : "-");
    table.Number(level.weight_bytes > 0 ? BytesText(level.weight_bytes) : "-");
  }
  return std::move(table).Html();
}

std::string Requests(const std::vector<RequestEntry>& requests) {
  if (requests.empty()) return "<p>none yet</p>\n";
  std::vector<std::string> titles{"began", "request", "task", "level", "reason", "device", "code", "seconds"};
  for (const StageSeconds& stage : requests.front().stages) titles.push_back(stage.stage);
  HtmlTable table(titles);
  for (const RequestEntry& request : requests) {
    table.Row();
    table.Text(UtcText(request.started));
    for (const std::string& text : {request.request_id, request.task, request.variant, request.reason, request.device}) table.Text(text);
    if (request.code == "OK") {
      table.Text(request.code);
    } else {
      table.Bad(request.code);
    }
    table.Number(Fixed(request.seconds, 3));
    for (const StageSeconds& stage : request.stages) table.Number(Fixed(stage.seconds, 3));
  }
  return std::move(table).Html();
}

std::string State(const std::optional<std::string>& not_ready) {
  if (!not_ready) return "<strong>ready</strong>";
  return std::string("<strong class=\"bad\">not ready</strong>: ").append(HtmlText(*not_ready));
}

}  // namespace

std::string StatusPage(const StatusPageInput& input) {
  std::string html(kHead);
  html.append("<h1>tuckerseg ").append(HtmlText(input.version)).append("</h1>\n<p>").append(State(input.not_ready));
  html.append(", as of ").append(UtcText(input.now));
  if (input.status) html.append(", ").append(HtmlText(input.status->executor));
  html += "</p>\n";
  if (input.status) {
    html.append("<h2>Devices</h2>\n").append(Devices(input.status->devices));
    html.append("<h2>Models and levels</h2>\n").append(Levels(input.status->levels));
  }
  html.append("<h2>Last requests</h2>\n").append(Requests(input.requests));
  html += "<p>For Prometheus: <a href=\"metrics\">metrics</a></p>\n</body></html>\n";
  return html;
}

}  // namespace tuckerseg
