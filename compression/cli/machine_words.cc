#include "compression/cli/machine_words.h"

#include <fstream>

namespace tuckerseg {
namespace {

/// Linux' own name for it.
std::string ProcessorName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown processor";
}

}  // namespace

std::string MachineWords(const std::string& device, int threads) {
  const std::string processor = ProcessorName() + ", " + std::to_string(threads) + (threads == 1 ? " thread" : " threads");
  return device == "cpu" ? processor : device + " beside " + processor;
}

}  // namespace tuckerseg
