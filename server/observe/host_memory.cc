#include "server/observe/host_memory.h"

#include <algorithm>
#include <optional>
#include <sstream>

#include "engine/whole_file.h"

namespace tuckerseg {
namespace {

constexpr int64_t kKibibyte = 1024;

std::optional<int64_t> NumberOf(const std::string& text) {
  std::istringstream stream(text);
  int64_t number = 0;
  return stream >> number ? std::optional(number) : std::nullopt;
}

/// The number behind `word`, which stands at the beginning of a line.
int64_t NumberBehind(const std::string& word, const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(word + " ")) return NumberOf(line.substr(word.size())).value_or(0);
  return 0;
}

/// Empty where the kernel has no such file.
std::string TextOf(const char* path) { return ReadWholeFile(path).value_or(""); }

}  // namespace

HostMemory HostMemoryOf(const MemoryFiles& files) {
  HostMemory memory{kKibibyte * NumberBehind("MemTotal:", files.meminfo), kKibibyte * NumberBehind("MemAvailable:", files.meminfo)};
  const std::optional<int64_t> limit = NumberOf(files.cgroup_max);  // "max" is no number
  const std::optional<int64_t> current = NumberOf(files.cgroup_current);
  if (!limit) return memory;
  memory.total_bytes = std::min(memory.total_bytes, *limit);
  // The kernel takes pages of files back before it kills: Kubernetes counts them in the same way.
  const int64_t held = current.value_or(0) - NumberBehind("inactive_file", files.cgroup_stat);
  memory.free_bytes = std::clamp<int64_t>(*limit - std::max<int64_t>(held, 0), 0, memory.free_bytes);
  return memory;
}

HostMemory ReadHostMemory() {
  return HostMemoryOf({TextOf("/proc/meminfo"), TextOf("/sys/fs/cgroup/memory.max"), TextOf("/sys/fs/cgroup/memory.current"),
                       TextOf("/sys/fs/cgroup/memory.stat")});
}

}  // namespace tuckerseg
