/// The machine that something was measured on, in words for people.
#pragma once

#include <string>

namespace tuckerseg {

/// "AMD EPYC 7B13, 2 threads", with the device in front where it is not the CPU.
std::string MachineWords(const std::string& device, int threads);

}  // namespace tuckerseg
