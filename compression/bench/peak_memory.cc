#include "compression/bench/peak_memory.h"

#include <malloc.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace tuckerseg {
namespace {

constexpr int64_t kBytesPerKilobyte = 1024;

/// A line "NAME:   123 kB" of /proc/self/status.
std::optional<int64_t> StatusBytes(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(name + ":")) return std::stoll(line.substr(name.size() + 1)) * kBytesPerKilobyte;
  return std::nullopt;
}

/// proc(5): 5 resets the most that was resident to what is.
bool ResetPeak() {
  std::ofstream file("/proc/self/clear_refs");
  file << "5" << std::flush;
  return file.good();
}

}  // namespace

void ResidentPeak::Begin() {
  malloc_trim(0);
  before_ = ResetPeak() ? StatusBytes("VmRSS") : std::nullopt;
}

std::optional<int64_t> ResidentPeak::Bytes() {
  const std::optional<int64_t> peak = StatusBytes("VmHWM");
  if (!before_ || !peak) return std::nullopt;
  return std::max<int64_t>(0, *peak - *before_);
}

}  // namespace tuckerseg
