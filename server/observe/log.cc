#include "server/observe/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

namespace tuckerseg {
namespace {

std::shared_ptr<spdlog::logger> Logger() {
  static const std::shared_ptr<spdlog::logger> logger = [] {
    auto made = std::make_shared<spdlog::logger>("tuckerseg", std::make_shared<spdlog::sinks::stdout_sink_mt>());
    made->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l",%v})");
    made->flush_on(spdlog::level::info);
    return made;
  }();
  return logger;
}

}  // namespace

void Log(LogLevel level, const std::string& event, const nlohmann::json& fields) {
  nlohmann::json line = fields;
  line["event"] = event;
  const std::string text = line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  const auto spdlog_level = level == LogLevel::kInfo      ? spdlog::level::info
                            : level == LogLevel::kWarning ? spdlog::level::warn
                                                          : spdlog::level::err;
  // Without its braces: the pattern has them.
  Logger()->log(spdlog_level, "{}", text.substr(1, text.size() - 2));
}

void LogLine::Write() const {
  nlohmann::json object = nlohmann::json::object();
  for (const auto& [name, value] : fields) object[name] = value;
  Log(level, event, object);
}

}  // namespace tuckerseg
