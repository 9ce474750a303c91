#include "compression/cli/machine_words.h"

#include "compression/bench/processor_model.h"

namespace tuckerseg {

std::string MachineWords(const std::string& device, int threads) {
  const std::string model = ProcessorModel();
  const std::string processor = (model.empty() ? "unknown processor" : model) + ", " + std::to_string(threads) + (threads == 1 ? " thread" : " threads");
  return device == "cpu" ? processor : device + " beside " + processor;
}

}  // namespace tuckerseg
