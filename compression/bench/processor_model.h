/// Which processor this machine has.
#pragma once

#include <string>

namespace tuckerseg {

/// Its name as the system tells it (`model name` of /proc/cpuinfo): "AMD EPYC 7763". Empty where the system does not say.
std::string ProcessorModel();

}  // namespace tuckerseg
