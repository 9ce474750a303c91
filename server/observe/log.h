/// The server's log: one JSON object a line on standard output, without identifiers or anything of a patient; of files, the operator's names of bundles and variants alone.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

namespace tuckerseg {

enum class LogLevel { kInfo, kWarning, kError };

/// Writes `event` with `fields` (an object) and the time. Thread-safe.
void Log(LogLevel level, const std::string& event, const nlohmann::json& fields);

/// A line that is written later, or never.
struct LogLine {
  LogLevel level;
  std::string event;
  std::vector<std::pair<std::string, std::string>> fields;
  void Write() const;  ///< as Log(); thread-safe
};

/// Calls `write`, which logs and may find no memory for its line, for those who must go on without it.
template <typename Write>
void LogIfPossible(const Write& write) noexcept {
  try {
    write();
  } catch (...) {  // of memory: what has happened has happened all the same
  }
}

}  // namespace tuckerseg
